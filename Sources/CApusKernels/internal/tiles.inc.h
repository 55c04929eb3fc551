// Register-blocked kernels over `apus_tiles`, for the level being compiled. The including file defines
// TILES_NAME, TILES_A (element type), TILES_BF16 (0 or 1).

// Vectors of a panel, rows and panels of the widest tile and of the tile for few rows.
#define TILE_VECTORS (APUS_PANEL / APUS_LANES)
#if APUS_LANES == 16
#define TILE_ROWS 14
#elif APUS_LANES == 8 || !APUS_X86
#define TILE_ROWS 6
#else
#define TILE_ROWS 2
#endif

#define tile_sum TN(tile_sum)
#define tile_store TN(tile_store)
#define tile_run TN(tile_run)
#define tile_pick TN(tile_pick)
#define tile_pair TN(tile_pair)
#define TN(name) APUS_PASTE(APUS_PASTE(name, TILES_NAME), APUS_LEVEL)

#if TILES_BF16
/// Adds the products of the even and the odd halves of BF16 pairs.
INLINE vf tile_pair(vf sum, vu a, vu b) {
#ifdef APUS_HAS_BF16
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  sum += (vf)(a << 16) * (vf)(b << 16);
  return sum + (vf)(a & 0xffff0000u) * (vf)(b & 0xffff0000u);
#endif
}
typedef uint32_t TN(pair) __attribute__((aligned(2), may_alias));
#define TILE_STEP 2
#else
#define TILE_STEP 1
#endif

// Rows are addressed as one base of three rows plus 0, 1 or 2 strides; the barrier keeps the compiler from
// turning them back into a pointer for each row, for which there are too few registers.
#define TILE_BASES ((TILE_ROWS + 2) / 3)

INLINE void tile_sum(
    const int rows, const int panels, const apus_tiles *t, const TILES_A *a, const TILES_A *b,
    vf sum[TILE_ROWS][4 * TILE_VECTORS]) {
  const int width = panels * TILE_VECTORS;
  const ptrdiff_t panel_stride = t->panel_stride;
  for (ptrdiff_t tap = 0; tap < t->tap_count; tap++) {
    const TILES_A *base[TILE_BASES];
    ptrdiff_t stride = t->row_stride;
    __asm__("" : "+r"(stride));
#pragma clang loop unroll(full)
    for (int i = 0; i < (rows + 2) / 3; i++) {
      base[i] = a + t->taps[tap] + i * 3 * t->row_stride;
      __asm__("" : "+r"(base[i]));
    }
#pragma clang loop unroll(disable)
    for (ptrdiff_t k = 0; k < t->depth; k += TILE_STEP, b += APUS_PANEL * TILE_STEP) {
      vf weights[4 * TILE_VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < width; v++)
        weights[v] = vload((const float *)(b + (v / TILE_VECTORS) * panel_stride) +
                           (v % TILE_VECTORS) * APUS_LANES);
#pragma clang loop unroll(full)
      for (int m = 0; m < rows; m++) {
        const TILES_A *p = base[m / 3] + (m % 3) * stride + k;
#if TILES_BF16
        vu x = *(const TN(pair) *)p + (vu){0};
#else
        vf x = vset(*p);
#endif
#pragma clang loop unroll(full)
        for (int v = 0; v < width; v++) {
#if TILES_BF16
          sum[m][v] = tile_pair(sum[m][v], x, (vu)weights[v]);
#else
          sum[m][v] += x * weights[v];
#endif
        }
      }
    }
  }
}

/// Whole vectors, an activation that is a bound, FP32 out: straight from the registers.
INLINE void tile_store(
    const int rows, const int width, const apus_tiles *t, ptrdiff_t at, float low, float high,
    vf sum[TILE_ROWS][4 * TILE_VECTORS]) {
  float *c = (float *)t->c + at;
  vf lows = vset(low), highs = vset(high);
  if (t->residual != NULL) {
    const float *residual = (const float *)t->residual + at;
#pragma clang loop unroll(full)
    for (int m = 0; m < rows; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < width; v++) {
        vf x = sum[m][v] + vload(residual + m * t->c_row_stride + v * APUS_LANES);
        vstore(c + m * t->c_row_stride + v * APUS_LANES, vmin(highs, vmax(lows, x)));
      }
    return;
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < rows; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++)
      vstore(c + m * t->c_row_stride + v * APUS_LANES, vmin(highs, vmax(lows, sum[m][v])));
}

INLINE void tile_run(
    const int rows, const int panels, const apus_tiles *t, const TILES_A *a, ptrdiff_t panel, ptrdiff_t at) {
  const int width = panels * TILE_VECTORS;
  const apus_epilogue *e = t->epilogue;
  const ptrdiff_t column = panel * APUS_PANEL;
  const ptrdiff_t columns = apus_min(panels * APUS_PANEL, t->columns - column);
  const bool whole = columns == panels * APUS_PANEL;
  vf sum[TILE_ROWS][4 * TILE_VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < width; v++) {
    vf bias = vset(0.0f);
    if (e->bias != NULL) {
      ptrdiff_t left = columns - v * APUS_LANES;
      bias = left >= APUS_LANES ? vload(e->bias + column + v * APUS_LANES)
                                : vload_n(e->bias + column + v * APUS_LANES, apus_max(left, 0));
    }
#pragma clang loop unroll(full)
    for (int m = 0; m < rows; m++) sum[m][v] = bias;
  }
  tile_sum(rows, panels, t, a, (const TILES_A *)t->b + panel * t->panel_stride, sum);
  at += column;
  const float inf = __builtin_inff();
  if (whole && t->out_type == APUS_F32 && e->activation <= APUS_ACT_CLIP &&
      !(t->residual != NULL && e->residual_last)) {
    const float low = e->activation == APUS_ACT_CLIP ? e->alpha : e->activation == APUS_ACT_RELU ? 0.0f : -inf;
    tile_store(rows, width, t, at, low, e->activation == APUS_ACT_CLIP ? e->beta : inf, sum);
    return;
  }
  float tile[TILE_ROWS * 4 * APUS_PANEL];
#pragma clang loop unroll(full)
  for (int m = 0; m < rows; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) vstore(tile + m * panels * APUS_PANEL + v * APUS_LANES, sum[m][v]);
  const ptrdiff_t size = t->out_type == APUS_BF16 ? 2 : 4;
  const apus_finish finish = {
      .tile = tile,
      .tile_stride = panels * APUS_PANEL,
      .rows = rows,
      .columns = columns,
      .out = (char *)t->c + at * size,
      .residual = t->residual == NULL ? NULL : (const char *)t->residual + at * size,
      .out_stride = t->c_row_stride,
      .out_type = t->out_type,
      .epilogue = e,
  };
  FN(apus_finish)(&finish);
}

#define TILE_CASE(R, P) \
  case R: tile_run(R, P, t, a, panel, at); break;

static void tile_pick(
    int rows, int panels, const apus_tiles *t, const TILES_A *a, ptrdiff_t panel, ptrdiff_t at) {
#if APUS_LANES == 16
  if (panels == 4) {
    switch (rows) {
      TILE_CASE(1, 4) TILE_CASE(2, 4) TILE_CASE(3, 4) TILE_CASE(4, 4) TILE_CASE(5, 4) TILE_CASE(6, 4)
    }
    return;
  }
  if (panels == 2) {
    switch (rows) {
      TILE_CASE(1, 2) TILE_CASE(2, 2) TILE_CASE(3, 2) TILE_CASE(4, 2) TILE_CASE(5, 2)
      TILE_CASE(6, 2) TILE_CASE(7, 2) TILE_CASE(8, 2) TILE_CASE(9, 2) TILE_CASE(10, 2)
      TILE_CASE(11, 2) TILE_CASE(12, 2) TILE_CASE(13, 2) TILE_CASE(14, 2)
    }
    return;
  }
#else
  (void)panels;
#endif
  switch (rows) {
    TILE_CASE(1, 1)
    TILE_CASE(2, 1)
#if TILE_ROWS >= 6
    TILE_CASE(3, 1) TILE_CASE(4, 1) TILE_CASE(5, 1) TILE_CASE(6, 1)
#endif
#if TILE_ROWS >= 14
    TILE_CASE(7, 1) TILE_CASE(8, 1) TILE_CASE(9, 1) TILE_CASE(10, 1)
    TILE_CASE(11, 1) TILE_CASE(12, 1) TILE_CASE(13, 1) TILE_CASE(14, 1)
#endif
  }
}

void TN(apus_tiles)(const apus_tiles *t, const apus_tile_range *r) {
  const ptrdiff_t rows = r->row_end - r->row_begin;
  if (rows <= 0) return;
#if APUS_LANES == 16
  const ptrdiff_t widest = rows <= 6 ? 4 : 2;
  const ptrdiff_t most = TILE_ROWS;
#else
  const ptrdiff_t widest = 1, most = TILE_ROWS;
#endif
  // Tiles of nearly equal height rather than one short last tile.
  const ptrdiff_t tiles = apus_ceil_div(rows, most), height = rows / tiles, taller = rows % tiles;
  for (ptrdiff_t panel = r->panel_begin; panel < r->panel_end;) {
    const ptrdiff_t left = r->panel_end - panel;
    const ptrdiff_t panels = left >= widest ? widest : left >= 2 && widest > 1 ? 2 : 1;
    for (ptrdiff_t run = r->run_begin; run < r->run_end; run++) {
      ptrdiff_t row = r->row_begin;
      for (ptrdiff_t i = 0; i < tiles; i++) {
        const ptrdiff_t count = height + (i < taller);
        const TILES_A *a = (const TILES_A *)t->a + run * t->run_stride + row * t->row_stride;
        tile_pick((int)count, (int)panels, t, a, panel, run * t->c_run_stride + row * t->c_row_stride);
        row += count;
      }
    }
    panel += panels;
  }
}

#undef TILE_CASE
#undef TILE_BASES
#undef TILE_STEP
#undef TILE_ROWS
#undef TILE_VECTORS
#undef TN
#undef tile_sum
#undef tile_store
#undef tile_run
#undef tile_pick
#undef tile_pair
