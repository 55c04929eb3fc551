#ifndef APUS_LEVELS_H
#define APUS_LEVELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../include/apus_cpu.h"
#include "../include/apus_epilogue.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define APUS_X86 1
#else
#define APUS_X86 0
#endif

#define APUS_PASTE_(a, b) a##_##b
#define APUS_PASTE(a, b) APUS_PASTE_(a, b)
/// The name of `name` at the level being compiled.
#define FN(name) APUS_PASTE(name, APUS_LEVEL)
#define INLINE static inline __attribute__((always_inline, unused))

/// Picks the variant of `name` for the current level.
#if APUS_X86
#define APUS_SELECT(name)                                            \
  (apus_cpu_current_level() >= APUS_CPU_AVX512_BF16 ? name##_bf16x16 \
   : apus_cpu_current_level() >= APUS_CPU_AVX512    ? name##_avx512  \
   : apus_cpu_current_level() >= APUS_CPU_AVX2      ? name##_avx2    \
                                                    : name##_base)
#define APUS_SELECT_F32(name)                                \
  (apus_cpu_current_level() >= APUS_CPU_AVX512 ? name##_avx512 \
   : apus_cpu_current_level() >= APUS_CPU_AVX2 ? name##_avx2   \
                                               : name##_base)
#else
#define APUS_SELECT(name) name##_base
#define APUS_SELECT_F32(name) name##_base
#endif

static inline ptrdiff_t apus_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t apus_max(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static inline ptrdiff_t apus_ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }
static inline ptrdiff_t apus_round_up(ptrdiff_t a, ptrdiff_t b) { return apus_ceil_div(a, b) * b; }

static inline float apus_bf16_to_f32(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

/// Rounds to nearest even; NaN stays NaN.
static inline uint16_t apus_f32_to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}
#endif
