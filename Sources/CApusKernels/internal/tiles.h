#ifndef APUS_TILES_H
#define APUS_TILES_H
#include "../include/apus_epilogue.h"
#include "levels.h"

/// Columns of one panel of packed weights, at every level.
enum { APUS_PANEL = 16 };

/// A product of gathered rows with packed panels: the core of GEMM and of every dense convolution.
/// Output row (run, row) is the sum over taps t and channels k of
/// `a[run * run_stride + row * row_stride + taps[t] + k] * b[t, k]`. Offsets and strides count elements.
typedef struct apus_tiles {
  const void *a;
  const ptrdiff_t *taps;
  /// Taps, and elements of each; for BF16 `depth` is even.
  ptrdiff_t tap_count, depth;
  ptrdiff_t row_stride, run_stride;
  /// Panels of 16 columns. FP32: `[tap][depth][16]`; BF16: `[tap][depth / 2][16][2]`.
  const void *b;
  /// Elements between panels.
  ptrdiff_t panel_stride;
  void *c;
  ptrdiff_t c_row_stride, c_run_stride;
  /// Residual element that belongs to `c`, or NULL.
  const void *residual;
  ptrdiff_t columns;
  apus_dtype out_type;
  const apus_epilogue *epilogue;
  /// Parts of each number (`parts.h`): 2 or 3, 0 where products are plain.
  int parts;
  /// The calling thread's own memory, for kernels that want some.
  void *scratch;
} apus_tiles;

/// Part of the work: runs, rows of each run and panels, each half open.
typedef struct apus_tile_range {
  ptrdiff_t run_begin, run_end, row_begin, row_end, panel_begin, panel_end;
} apus_tile_range;

void apus_tiles_f32_base(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_f32_avx2(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_f32_avx512(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_bf16_base(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_bf16_avx2(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_bf16_avx512(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_bf16_bf16x16(const apus_tiles *t, const apus_tile_range *r);
void apus_tiles_bf16_amx(const apus_tiles *t, const apus_tile_range *r);

typedef void (*apus_tiles_function)(const apus_tiles *t, const apus_tile_range *r);

/// The kernels of the current level.
static inline apus_tiles_function apus_tiles_f32(void) { return APUS_SELECT_F32(apus_tiles_f32); }
static inline apus_tiles_function apus_tiles_bf16(void) {
#if APUS_X86
  if (apus_cpu_current_level() >= APUS_CPU_AMX_BF16) return apus_tiles_bf16_amx;
#endif
  return APUS_SELECT(apus_tiles_bf16);
}
#endif
