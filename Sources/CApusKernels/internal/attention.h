#ifndef APUS_ATTENTION_INTERNAL_H
#define APUS_ATTENTION_INTERNAL_H
#include "levels.h"

/// Turns a row of `n` scores into probabilities, times `scale` and with `mask` (stride `mask_step`, or NULL)
/// added first. Beyond `n`, up to `stored`, zeros. A row without finite scores becomes zeros.
/// For BF16 the row is narrowed in place.
void apus_attention_softmax_base(
    float *scores, const float *mask, ptrdiff_t mask_step, float scale, ptrdiff_t n, ptrdiff_t stored,
    apus_dtype type);
void apus_attention_softmax_avx2(
    float *scores, const float *mask, ptrdiff_t mask_step, float scale, ptrdiff_t n, ptrdiff_t stored,
    apus_dtype type);
void apus_attention_softmax_avx512(
    float *scores, const float *mask, ptrdiff_t mask_step, float scale, ptrdiff_t n, ptrdiff_t stored,
    apus_dtype type);
#endif
