#ifndef APUS_TRANSFER_H
#define APUS_TRANSFER_H
#include "../include/apus_dtype.h"
#include "levels.h"

// Loads and stores of elements of any type, `stride` elements apart, as a register type.
void apus_load_f32(float *to, const void *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);
void apus_load_f64(double *to, const void *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);
void apus_load_i64(int64_t *to, const void *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);
void apus_store_f32(void *to, const float *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);
void apus_store_f64(void *to, const double *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);
void apus_store_i64(void *to, const int64_t *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n);

static inline ptrdiff_t apus_element_bytes(apus_dtype type) {
  switch (type) {
  case APUS_I8:
  case APUS_U8:
  case APUS_BOOL: return 1;
  case APUS_BF16:
  case APUS_F16:
  case APUS_I16:
  case APUS_U16: return 2;
  case APUS_F32:
  case APUS_I32:
  case APUS_U32: return 4;
  case APUS_F64:
  case APUS_I64:
  case APUS_U64: return 8;
  }
  return 0;
}

static inline float apus_f16_to_f32(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;
  // The exponent is rebased by a product, which also normalises denormals.
  uint32_t bits = rest << 13;
  float f;
  memcpy(&f, &bits, sizeof f);
  f *= 0x1p112f;
  memcpy(&bits, &f, sizeof bits);
  if (rest >= 0x7c00) bits |= 0x7f800000u;
  bits |= sign;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/// Rounds to nearest even.
static inline uint16_t apus_f32_to_f16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
  if (size > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (size >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (size < 0x38800000) {
    // Denormal: the sum aligns the mantissa and rounds it.
    float x;
    memcpy(&x, &size, sizeof x);
    x += 0.5f;
    uint32_t aligned;
    memcpy(&aligned, &x, sizeof aligned);
    return (uint16_t)(sign | (aligned - 0x3f000000));
  }
  const uint32_t odd = size >> 13 & 1;
  return (uint16_t)(sign | ((size - 0x38000000 + 0xfff + odd) >> 13));
}
#endif
