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
#endif
