#include "internal/amx.h"
#include "internal/finish.h"
#include "internal/levels.h"
#include "internal/tiles.h"

#if APUS_X86
/// The tile state of the calling thread's current call.
typedef struct tile_setup {
  /// Rows of the upper and the lower pair of tiles, and depth (even, at most 32) of one product.
  ptrdiff_t rows[2], chunk;
} tile_setup;

// Tiles 0-3: sums (upper left, upper right, lower left, lower right); 4, 5: rows of A; 6, 7: panels of B.
AMX void configure(const tile_setup *s) {
  tile_config c = {.palette = 1};
  for (int i = 0; i < 4; i++) {
    c.row_bytes[i] = 64;
    c.rows[i] = (uint8_t)s->rows[i / 2];
  }
  for (int i = 0; i < 2; i++) {
    c.row_bytes[4 + i] = (uint16_t)(s->chunk * 2);
    c.rows[4 + i] = (uint8_t)s->rows[i];
    c.row_bytes[6 + i] = 64;
    c.rows[6 + i] = (uint8_t)(s->chunk / 2);
  }
  _tile_loadconfig(&c);
}

/// The depth of one product: an even divisor of `depth` where that costs few extra products, else 32 with
/// the remainder copied and filled with zeros.
static ptrdiff_t pick_chunk(ptrdiff_t depth) {
  const ptrdiff_t fewest = apus_ceil_div(depth, 32);
  for (ptrdiff_t count = apus_max(fewest, 1); count * 3 <= fewest * 4; count++)
    if (depth % (2 * count) == 0) return depth / count;
  return 32;
}

/// Copies `rows` rows of `depth` elements, `stride` apart, into rows of 32 filled with zeros.
static void pad_rows(const uint16_t *from, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t depth, uint16_t *to) {
  memset(to, 0, 16 * 32 * sizeof *to);
  for (ptrdiff_t i = 0; i < rows; i++) memcpy(to + i * 32, from + i * stride, (size_t)depth * sizeof *to);
}

#define LOAD_A(N) _tile_loadd(4 + N, a##N + k, stride * 2)
#define LOAD_B(N) _tile_loadd(6 + N, b##N + k * APUS_PANEL, 64)

/// Adds the products of one remainder of depth `rest` < 32.
AMX void add_rest(
    const tile_setup *s, const uint16_t *const a[2], ptrdiff_t stride, const uint16_t *const b[2],
    ptrdiff_t rest, bool lower, bool right) {
  _Alignas(64) uint16_t rows[2][16 * 32], panels[2][16 * 32];
  pad_rows(a[0], stride, s->rows[0], rest, rows[0]);
  pad_rows(b[0], 32, rest / 2, 32, panels[0]);
  _tile_loadd(4, rows[0], 64);
  _tile_loadd(6, panels[0], 64);
  _tile_dpbf16ps(0, 4, 6);
  if (right) {
    pad_rows(b[1], 32, rest / 2, 32, panels[1]);
    _tile_loadd(7, panels[1], 64);
    _tile_dpbf16ps(1, 4, 7);
  }
  if (!lower) return;
  pad_rows(a[1], stride, s->rows[1], rest, rows[1]);
  _tile_loadd(5, rows[1], 64);
  _tile_dpbf16ps(2, 5, 6);
  if (right) _tile_dpbf16ps(3, 5, 7);
}

/// Sums of up to two tiles of rows by up to two panels, stored in `sums` as [4][16][16].
AMX void sum_block(
    const apus_tiles *t, const tile_setup *s, const uint16_t *upper, const uint16_t *lower_rows,
    const uint16_t *b0, const uint16_t *b1, float *sums) {
  const ptrdiff_t stride = t->row_stride, chunk = s->chunk, whole = t->depth - t->depth % chunk;
  const bool lower = lower_rows != NULL, right = b1 != NULL;
  _tile_zero(0);
  _tile_zero(1);
  if (lower) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (ptrdiff_t tap = 0; tap < t->tap_count; tap++) {
    const uint16_t *a0 = upper + t->taps[tap], *a1 = lower ? lower_rows + t->taps[tap] : NULL;
    if (lower && right) {
      for (ptrdiff_t k = 0; k < whole; k += chunk) {
        LOAD_B(0);
        LOAD_A(0);
        _tile_dpbf16ps(0, 4, 6);
        LOAD_B(1);
        _tile_dpbf16ps(1, 4, 7);
        LOAD_A(1);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    } else if (lower) {
      for (ptrdiff_t k = 0; k < whole; k += chunk) {
        LOAD_B(0);
        LOAD_A(0);
        _tile_dpbf16ps(0, 4, 6);
        LOAD_A(1);
        _tile_dpbf16ps(2, 5, 6);
      }
    } else {
      for (ptrdiff_t k = 0; k < whole; k += chunk) {
        LOAD_A(0);
        LOAD_B(0);
        _tile_dpbf16ps(0, 4, 6);
        if (!right) continue;
        LOAD_B(1);
        _tile_dpbf16ps(1, 4, 7);
      }
    }
    if (whole < t->depth) {
      const uint16_t *a[2] = {a0 + whole, lower ? a1 + whole : NULL};
      const uint16_t *b[2] = {b0 + whole * APUS_PANEL, right ? b1 + whole * APUS_PANEL : NULL};
      add_rest(s, a, stride, b, t->depth - whole, lower, right);
    }
    b0 += t->depth * APUS_PANEL;
    if (right) b1 += t->depth * APUS_PANEL;
  }
  // Rows of two panels lie side by side.
  _tile_stored(0, sums, 128);
  if (right) _tile_stored(1, sums + 16, 128);
  if (!lower) return;
  _tile_stored(2, sums + 16 * 32, 128);
  if (right) _tile_stored(3, sums + 16 * 32 + 16, 128);
}

/// A tile of output rows: where it starts and how many rows it has.
typedef struct tile_place {
  const uint16_t *a;
  ptrdiff_t c, rows;
} tile_place;

static tile_place place(const apus_tiles *t, const apus_tile_range *r, ptrdiff_t index, ptrdiff_t per_run) {
  const ptrdiff_t rows = r->row_end - r->row_begin, height = apus_ceil_div(rows, per_run);
  const ptrdiff_t run = r->run_begin + index / per_run, first = index % per_run * height;
  const ptrdiff_t row = r->row_begin + first;
  return (tile_place){
      .a = (const uint16_t *)t->a + run * t->run_stride + row * t->row_stride,
      .c = run * t->c_run_stride + row * t->c_row_stride,
      .rows = apus_min(height, rows - first),
  };
}

#define NARROW static __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))

NARROW __m512 widen(__m256i h) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16)); }

/// Two whole panels, BF16 out, an activation that is a bound, the residual before it: the common case, with
/// a row of both panels narrowed and stored at once.
NARROW void finish_rows(
    const apus_tiles *t, ptrdiff_t offset, ptrdiff_t rows, const float *bias, const float *sums) {
  const apus_epilogue *e = t->epilogue;
  const bool clip = e->activation == APUS_ACT_CLIP;
  const __m512 low = _mm512_set1_ps(
      clip ? e->alpha : e->activation == APUS_ACT_RELU ? 0.0f : -__builtin_inff());
  const __m512 high = _mm512_set1_ps(clip ? e->beta : __builtin_inff());
  const __m512 left_bias = bias == NULL ? _mm512_setzero_ps() : _mm512_loadu_ps(bias);
  const __m512 right_bias = bias == NULL ? _mm512_setzero_ps() : _mm512_loadu_ps(bias + 16);
  const uint16_t *residual = t->residual == NULL ? NULL : (const uint16_t *)t->residual + offset;
  uint16_t *out = (uint16_t *)t->c + offset;
  for (ptrdiff_t i = 0; i < rows; i++, sums += 32, out += t->c_row_stride) {
    __m512 left = _mm512_add_ps(_mm512_loadu_ps(sums), left_bias);
    __m512 right = _mm512_add_ps(_mm512_loadu_ps(sums + 16), right_bias);
    if (residual != NULL) {
      left = _mm512_add_ps(left, widen(_mm256_loadu_si256((const __m256i *)residual)));
      right = _mm512_add_ps(right, widen(_mm256_loadu_si256((const __m256i *)(residual + 16))));
      residual += t->c_row_stride;
    }
    // NaN in the second operand of the bounds survives.
    left = _mm512_max_ps(low, left);
    right = _mm512_max_ps(low, right);
    if (clip) {
      left = _mm512_min_ps(high, left);
      right = _mm512_min_ps(high, right);
    }
    const __m512bh both = _mm512_cvtne2ps_pbh(right, left);
    _mm512_storeu_si512(out, (__m512i)both);
  }
}

static void finish_block(
    const apus_tiles *t, const tile_place *at, ptrdiff_t panel, ptrdiff_t columns, float *sums) {
  const ptrdiff_t size = t->out_type == APUS_BF16 ? 2 : 4, offset = at->c + panel * APUS_PANEL;
  const apus_epilogue *e = t->epilogue;
  if (columns == 32 && t->out_type == APUS_BF16 && e->activation <= APUS_ACT_CLIP &&
      !(t->residual != NULL && e->residual_last)) {
    finish_rows(t, offset, at->rows, e->bias == NULL ? NULL : e->bias + panel * APUS_PANEL, sums);
    return;
  }
  const apus_finish finish = {
      .tile = sums,
      .tile_stride = 32,
      .rows = at->rows,
      .columns = columns,
      .bias = e->bias == NULL ? NULL : e->bias + panel * APUS_PANEL,
      .out = (char *)t->c + offset * size,
      .residual = t->residual == NULL ? NULL : (const char *)t->residual + offset * size,
      .out_stride = t->c_row_stride,
      .out_type = t->out_type,
      .epilogue = e,
  };
  apus_finish_bf16x16(&finish);
}

__attribute__((target("amx-tile"))) void apus_tiles_bf16_amx(const apus_tiles *t, const apus_tile_range *r) {
  const ptrdiff_t rows = r->row_end - r->row_begin, runs = r->run_end - r->run_begin;
  if (rows <= 0 || runs <= 0) return;
  const ptrdiff_t wanted = apus_ceil_div(rows, 16), height = apus_ceil_div(rows, wanted);
  // Rounding up the height may leave fewer tiles.
  const ptrdiff_t per_run = apus_ceil_div(rows, height), tiles = per_run * runs;
  tile_setup setup = {.chunk = pick_chunk(t->depth)};
  _Alignas(64) float sums[2 * 16 * 32];
  for (ptrdiff_t panel = r->panel_begin; panel < r->panel_end; panel += 2) {
    const bool right = panel + 1 < r->panel_end;
    const uint16_t *b0 = (const uint16_t *)t->b + panel * t->panel_stride;
    const ptrdiff_t columns = apus_min(t->columns - panel * APUS_PANEL, right ? 32 : 16);
    for (ptrdiff_t i = 0; i < tiles; i += 2) {
      const bool lower = i + 1 < tiles;
      const tile_place up = place(t, r, i, per_run), down = place(t, r, lower ? i + 1 : i, per_run);
      if (up.rows != setup.rows[0] || down.rows != setup.rows[1]) {
        setup.rows[0] = up.rows, setup.rows[1] = down.rows;
        configure(&setup);
      }
      sum_block(t, &setup, up.a, lower ? down.a : NULL, b0, right ? b0 + t->panel_stride : NULL, sums);
      finish_block(t, &up, panel, columns, sums);
      if (lower) finish_block(t, &down, panel, columns, sums + 16 * 32);
    }
  }
  _tile_release();
}
#endif
