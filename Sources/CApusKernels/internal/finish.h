#ifndef APUS_FINISH_H
#define APUS_FINISH_H
#include "../include/apus_epilogue.h"

/// A tile of sums in FP32 on its way to the output.
typedef struct apus_finish {
  /// Sums, `rows` x `columns` with `tile_stride` floats a row; the stride is a multiple of 16, and the
  /// columns up to it may be overwritten.
  float *tile;
  ptrdiff_t tile_stride, rows, columns;
  /// Bias of the tile's first column, or NULL.
  const float *bias;
  /// Output and residual (or NULL) of the tile's first element, and the elements between rows of both.
  void *out;
  const void *residual;
  ptrdiff_t out_stride;
  apus_dtype out_type;
  const apus_epilogue *epilogue;
} apus_finish;

/// Applies the epilogue to the tile and stores it.
void apus_finish_base(const apus_finish *f);
void apus_finish_avx2(const apus_finish *f);
void apus_finish_avx512(const apus_finish *f);
void apus_finish_bf16x16(const apus_finish *f);

/// Applies an activation to `n` floats; `n` is a multiple of the level's lanes.
#define APUS_DECLARE(LEVEL)                \
  void apus_activate_##LEVEL(              \
      apus_activation act, float alpha, float beta, const float *x, float *y, ptrdiff_t n);
APUS_DECLARE(base)
APUS_DECLARE(avx2)
APUS_DECLARE(avx512)
APUS_DECLARE(bf16x16)
#undef APUS_DECLARE
#endif
