// Dense conversions between FP32 and the 16-bit floats, for the level being compiled.
#include "transfer.h"

void FN(apus_widen)(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n) {
  ptrdiff_t i = 0;
  if (type == APUS_BF16) {
    for (; i + APUS_LANES <= n; i += APUS_LANES) vstore(to + i, vload_bf16(from + i));
    for (; i < n; i++) to[i] = apus_bf16_to_f32(from[i]);
    return;
  }
#if APUS_X86 && APUS_LANES == 16
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + i))));
#elif APUS_X86 && APUS_LANES == 8
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
#endif
  for (; i < n; i++) to[i] = apus_f16_to_f32(from[i]);
}

void FN(apus_widen_past_caches)(float *to, const uint16_t *from, apus_dtype type, ptrdiff_t n) {
  ptrdiff_t i = 0;
  if (type == APUS_BF16 && (uintptr_t)to % sizeof(vf) == 0)
    for (; i + APUS_LANES <= n; i += APUS_LANES) __builtin_nontemporal_store(vload_bf16(from + i), (vf *)(to + i));
  FN(apus_widen)(to + i, from + i, type, n - i);
}

void FN(apus_narrow)(uint16_t *to, const float *from, apus_dtype type, ptrdiff_t n) {
  ptrdiff_t i = 0;
  if (type == APUS_BF16) {
    for (; i + APUS_LANES <= n; i += APUS_LANES) vstore_bf16(to + i, vload(from + i));
    for (; i < n; i++) to[i] = apus_f32_to_bf16(from[i]);
    return;
  }
#if APUS_X86 && APUS_LANES == 16
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256((__m256i *)(to + i), _mm512_cvtps_ph(_mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
#elif APUS_X86 && APUS_LANES == 8
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i *)(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i < n; i++) to[i] = apus_f32_to_f16(from[i]);
}
