#ifndef APUS_NARROW_H
#define APUS_NARROW_H
#include "levels.h"

#define APUS_DECLARE(LEVEL)                                                                      \
  void apus_widen_##LEVEL(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n);        \
  void apus_widen_past_caches_##LEVEL(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n); \
  void apus_narrow_##LEVEL(uint16_t *to, const float *from, apus_dtype type, ptrdiff_t n);
APUS_DECLARE(base)
APUS_DECLARE(avx2)
APUS_DECLARE(avx512)
#undef APUS_DECLARE

/// Dense BF16 or F16 elements to FP32.
static inline void apus_widen(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n) {
  APUS_SELECT_F32(apus_widen)(to, from, type, n);
}

/// The same where what is written is too much for the caches: it goes to memory, which is not read first.
static inline void apus_widen_past_caches(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n) {
  APUS_SELECT_F32(apus_widen_past_caches)(to, from, type, n);
}

/// FP32 elements to dense BF16 or F16, to nearest even.
static inline void apus_narrow(uint16_t *to, const float *from, apus_dtype type, ptrdiff_t n) {
  APUS_SELECT_F32(apus_narrow)(to, from, type, n);
}
#endif
