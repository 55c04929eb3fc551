#ifndef APUS_POINTWISE_INTERNAL_H
#define APUS_POINTWISE_INTERNAL_H
#include "../include/apus_pointwise.h"
#include "levels.h"

/// Elements of a register: one block.
enum { APUS_BLOCK = 512 };

/// Runs one arithmetic instruction on `n` elements; registers hold at least `n` rounded up to 16.
void apus_pointwise_f32_base(
    const apus_pointwise_instruction *i, float *dst, const float *a, const float *b, const float *c, ptrdiff_t n);
void apus_pointwise_f32_avx2(
    const apus_pointwise_instruction *i, float *dst, const float *a, const float *b, const float *c, ptrdiff_t n);
void apus_pointwise_f32_avx512(
    const apus_pointwise_instruction *i, float *dst, const float *a, const float *b, const float *c, ptrdiff_t n);
void apus_pointwise_f64(
    const apus_pointwise_instruction *i, double *dst, const double *a, const double *b, const double *c,
    ptrdiff_t n);
void apus_pointwise_i64(
    const apus_pointwise_instruction *i, int64_t *dst, const int64_t *a, const int64_t *b, const int64_t *c,
    ptrdiff_t n);
#endif
