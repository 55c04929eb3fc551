#ifndef APUS_ORDER_KEYS_H
#define APUS_ORDER_KEYS_H
#include "../include/apus_order.h"
#include "levels.h"

// Unsigned keys in the order of the elements: NaN is the largest, and both zeros are one.

static inline uint64_t apus_key_f32(uint32_t bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u) return UINT32_MAX;
  if (bits == 0x80000000u) bits = 0;
  return bits & 0x80000000u ? (uint32_t)~bits : bits | 0x80000000u;
}

static inline uint64_t apus_key_f64(uint64_t bits) {
  if ((bits & INT64_MAX) > 0x7ff0000000000000u) return UINT64_MAX;
  if (bits == (uint64_t)INT64_MIN) bits = 0;
  return bits >> 63 ? ~bits : bits | (uint64_t)INT64_MIN;
}

/// The key of element `at`: 32 bits of it at most, but for types of 64 bits.
INLINE uint64_t apus_order_key(const void *in, const apus_dtype type, ptrdiff_t at) {
  switch (type) {
  case APUS_F32: return apus_key_f32(((const uint32_t *)in)[at]);
  case APUS_BF16: return apus_key_f32((uint32_t)((const uint16_t *)in)[at] << 16);
  case APUS_F64: return apus_key_f64(((const uint64_t *)in)[at]);
  case APUS_I8: return (uint8_t)(((const uint8_t *)in)[at] ^ 0x80);
  case APUS_U8: return ((const uint8_t *)in)[at];
  case APUS_BOOL: return ((const uint8_t *)in)[at] != 0;
  case APUS_I16: return (uint16_t)(((const uint16_t *)in)[at] ^ 0x8000);
  case APUS_U16: return ((const uint16_t *)in)[at];
  case APUS_I32: return ((const uint32_t *)in)[at] ^ 0x80000000u;
  case APUS_U32: return ((const uint32_t *)in)[at];
  case APUS_I64: return ((const uint64_t *)in)[at] ^ (uint64_t)INT64_MIN;
  default: return ((const uint64_t *)in)[at];
  }
}

static inline bool apus_order_is_wide(apus_dtype type) {
  return type == APUS_F64 || type == APUS_I64 || type == APUS_U64;
}

static inline ptrdiff_t apus_order_bytes(apus_dtype type) {
  switch (type) {
  case APUS_I8:
  case APUS_U8:
  case APUS_BOOL: return 1;
  case APUS_BF16:
  case APUS_I16:
  case APUS_U16: return 2;
  default: return apus_order_is_wide(type) ? 8 : 4;
  }
}
#endif
