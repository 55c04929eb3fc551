#include "include/apus_gemm.h"
#include "internal/amx.h"
#include "internal/finish.h"
#include "internal/levels.h"
#include "internal/parts.h"

void apus_parts_pack_panel(uint16_t *panel, ptrdiff_t depth, int parts) {
  const float *from = apus_parts_unpacked_panel(panel, depth, parts);
  for (ptrdiff_t k = 0; k < depth; k += APUS_PARTS_CHUNK, panel += parts * APUS_PARTS_TILE) {
    const ptrdiff_t count = apus_min(APUS_PARTS_CHUNK, depth - k);
    // The parts of this chunk may overwrite it.
    float chunk[APUS_PARTS_CHUNK * APUS_PANEL] = {0};
    memcpy(chunk, from + k * APUS_PANEL, (size_t)(count * APUS_PANEL) * sizeof *chunk);
    for (ptrdiff_t i = 0; i < APUS_PARTS_CHUNK * APUS_PANEL; i++) {
      const ptrdiff_t at = (i / APUS_PANEL / 2 * APUS_PANEL + i % APUS_PANEL) * 2 + i / APUS_PANEL % 2;
      float rest = chunk[i];
      for (int part = 0; part < parts; part++) {
        const uint16_t bits = apus_f32_to_bf16(rest);
        panel[part * APUS_PARTS_TILE + at] = bits;
        rest -= apus_bf16_to_f32(bits);
      }
    }
  }
}

bool apus_parts_fit(const float *x, ptrdiff_t count) {
  uint32_t most = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= 0x7fffffffu;
    most = bits > most ? bits : most;
  }
  return most < 0x7f000000u;
}

enum {
  OPERAND_ELEMENTS = APUS_PARTS_ROWS * APUS_PARTS_DEPTH * APUS_MOST_PARTS,
  SUM_FLOATS = APUS_PARTS_ROWS * APUS_PARTS_PANELS * APUS_PANEL,
};

size_t apus_parts_scratch_bytes(void) {
  return OPERAND_ELEMENTS * sizeof(uint16_t) + SUM_FLOATS * sizeof(float);
}

/// Consecutive rows of a range, counted over its runs.
typedef struct parts_rows {
  const apus_tile_range *range;
  ptrdiff_t first, count;
} parts_rows;

static ptrdiff_t rows_per_run(const parts_rows *rows) { return rows->range->row_end - rows->range->row_begin; }

static const float *row_start(const apus_tiles *t, const parts_rows *rows, ptrdiff_t index) {
  const ptrdiff_t at = rows->first + index, per_run = rows_per_run(rows);
  const ptrdiff_t run = rows->range->run_begin + at / per_run, row = rows->range->row_begin + at % per_run;
  return (const float *)t->a + run * t->run_stride + row * t->row_stride;
}

/// Applies the epilogue to `count` rows of sums, from `first`, and stores them.
static void finish_rows(
    const apus_tiles *t, const parts_rows *rows, ptrdiff_t first, ptrdiff_t count, ptrdiff_t panel,
    ptrdiff_t columns, float *sums, ptrdiff_t stride) {
  const ptrdiff_t per_run = rows_per_run(rows);
  const bool dense = t->c_run_stride == per_run * t->c_row_stride || rows->range->run_end - rows->range->run_begin == 1;
  for (ptrdiff_t i = 0, n; i < count; i += n, sums += n * stride) {
    const ptrdiff_t at = rows->first + first + i, row = at % per_run;
    const ptrdiff_t run = rows->range->run_begin + at / per_run;
    n = dense ? count - i : apus_min(count - i, per_run - row);
    const ptrdiff_t offset = run * t->c_run_stride + (rows->range->row_begin + row) * t->c_row_stride + panel * APUS_PANEL;
    const apus_finish finish = {
        .tile = sums,
        .tile_stride = stride,
        .rows = n,
        .columns = columns,
        .bias = t->epilogue->bias == NULL ? NULL : t->epilogue->bias + panel * APUS_PANEL,
        .out = (float *)t->c + offset,
        .residual = t->residual == NULL ? NULL : (const float *)t->residual + offset,
        .out_stride = t->c_row_stride,
        .out_type = APUS_F32,
        .epilogue = t->epilogue,
    };
    APUS_SELECT_F32(apus_finish)(&finish);
  }
}

#define APUS_KERNEL "tiles_parts.inc.h"
#include "internal/foreach_level.inc.h"

#if APUS_X86
// `parts` is a constant wherever these are inlined.
#define SPLIT_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
#define SPLIT __attribute__((always_inline)) static inline SPLIT_TARGET

// Tiles 0-3: sums (upper left, upper right, lower left, lower right); 4, 5: rows; 6, 7: panels.
AMX void configure(ptrdiff_t height) {
  tile_config c = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    c.row_bytes[i] = 64;
    c.rows[i] = (uint8_t)(i < 6 ? height : 16);
  }
  _tile_loadconfig(&c);
}

SPLIT __m512 widened(__m256i h) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16)); }

/// Parts of up to 32 numbers; adds the largest magnitude's bits to `most`.
SPLIT void split_chunk(const float *x, ptrdiff_t count, const int parts, uint16_t *to, __m512i *most) {
  const __mmask32 mask = count >= 32 ? 0xffffffffu : (1u << count) - 1;
  __m512 low = _mm512_maskz_loadu_ps((__mmask16)mask, x);
  __m512 high = _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x + 16);
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  *most = _mm512_max_epu32(*most, _mm512_and_si512(_mm512_castps_si512(low), magnitude));
  *most = _mm512_max_epu32(*most, _mm512_and_si512(_mm512_castps_si512(high), magnitude));
#pragma clang loop unroll(full)
  for (int part = 0; part < parts; part++) {
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    _mm512_storeu_si512(to + part * APUS_PARTS_TILE, both);
    if (part == parts - 1) break;
    low = _mm512_sub_ps(low, widened(_mm512_castsi512_si256(both)));
    high = _mm512_sub_ps(high, widened(_mm512_extracti64x4_epi64(both, 1)));
  }
}

/// Parts of one row's elements from `begin` of the taps laid end to end.
SPLIT void split_row(
    const apus_tiles *t, const float *row, ptrdiff_t begin, ptrdiff_t count, const int parts, uint16_t *to,
    __m512i *most) {
  float gathered[APUS_PARTS_DEPTH];
  const ptrdiff_t tap = begin / t->depth, within = begin % t->depth;
  const float *from = row + t->taps[tap] + within;
  if (within + count > t->depth) {
    ptrdiff_t filled = t->depth - within;
    memcpy(gathered, from, (size_t)filled * sizeof *gathered);
    for (ptrdiff_t next = tap + 1; filled < count; next++) {
      const ptrdiff_t n = apus_min(t->depth, count - filled);
      memcpy(gathered + filled, row + t->taps[next], (size_t)n * sizeof *gathered);
      filled += n;
    }
    from = gathered;
  }
  for (ptrdiff_t k = 0; k < count; k += APUS_PARTS_CHUNK, to += parts * APUS_PARTS_TILE)
    split_chunk(from + k, count - k, parts, to, most);
}

/// Parts of a block of rows, `[tile][chunk][part][16][32]` in tiles of `height` rows; whether all numbers have parts.
SPLIT bool split_rows(
    const apus_tiles *t, const parts_rows *rows, ptrdiff_t height, ptrdiff_t begin, ptrdiff_t count, const int parts,
    uint16_t *to) {
  const ptrdiff_t tile = apus_parts_panel_elements(count, parts);
  __m512i most = _mm512_setzero_si512();
  for (ptrdiff_t i = 0; i < rows->count; i++) {
    uint16_t *place = to + i / height * tile + i % height * APUS_PARTS_CHUNK;
    split_row(t, row_start(t, rows, i), begin, count, parts, place, &most);
  }
  return _mm512_reduce_max_epu32(most) < 0x7f000000u;
}

static SPLIT_TARGET bool split_rows_of_2(
    const apus_tiles *t, const parts_rows *rows, ptrdiff_t height, ptrdiff_t begin, ptrdiff_t count, uint16_t *to) {
  return split_rows(t, rows, height, begin, count, 2, to);
}

static SPLIT_TARGET bool split_rows_of_3(
    const apus_tiles *t, const parts_rows *rows, ptrdiff_t height, ptrdiff_t begin, ptrdiff_t count, uint16_t *to) {
  return split_rows(t, rows, height, begin, count, 3, to);
}

#define LOAD_A(PART)                                         \
  _tile_loadd(4, a0 + k + PART * APUS_PARTS_TILE, 64);       \
  if (lower) _tile_loadd(5, a1 + k + PART * APUS_PARTS_TILE, 64)
#define LOAD_B(PART)                                         \
  _tile_loadd(6, b0 + k + PART * APUS_PARTS_TILE, 64);       \
  if (right) _tile_loadd(7, b1 + k + PART * APUS_PARTS_TILE, 64)
#define MULTIPLY                         \
  _tile_dpbf16ps(0, 4, 6);               \
  if (right) _tile_dpbf16ps(1, 4, 7);    \
  if (lower) _tile_dpbf16ps(2, 5, 6);    \
  if (lower && right) _tile_dpbf16ps(3, 5, 7)

/// Adds to, or begins, the sums `[2 tiles][16][32]` of up to two tiles of rows by up to two panels. Small products first.
__attribute__((always_inline)) static inline __attribute__((target("amx-tile,amx-bf16,avx512f"))) void add_block(
    const uint16_t *a0, const uint16_t *a1, const uint16_t *b0, const uint16_t *b1, ptrdiff_t elements,
    const bool lower, const bool right, const int parts, const bool more, float *sums) {
  if (more) {
    _tile_loadd(0, sums, 128);
    if (right) _tile_loadd(1, sums + 16, 128);
    if (lower) _tile_loadd(2, sums + 512, 128);
    if (lower && right) _tile_loadd(3, sums + 528, 128);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (ptrdiff_t k = 0; k < elements; k += parts * APUS_PARTS_TILE) {
    LOAD_B(0);
    if (parts == 3) {
      LOAD_A(2);
      MULTIPLY;
    }
    LOAD_A(1);
    MULTIPLY;
    LOAD_A(0);
    MULTIPLY;
    if (parts == 3) {
      LOAD_B(2);
      MULTIPLY;
    }
    LOAD_B(1);
    MULTIPLY;
    if (parts == 3) {
      LOAD_A(1);
      MULTIPLY;
    }
  }
  _tile_stored(0, sums, 128);
  if (right) _tile_stored(1, sums + 16, 128);
  if (lower) _tile_stored(2, sums + 512, 128);
  if (lower && right) _tile_stored(3, sums + 528, 128);
}

#define ADD_TILES(NAME, PARTS)                                                                                       \
  AMX void NAME(                                                                                                     \
      const uint16_t *a0, const uint16_t *a1, const uint16_t *b0, const uint16_t *b1, ptrdiff_t elements, bool more, \
      float *sums) {                                                                                                 \
    if (a1 != NULL && b1 != NULL) add_block(a0, a1, b0, b1, elements, true, true, PARTS, more, sums);                \
    else if (a1 != NULL) add_block(a0, a1, b0, b1, elements, true, false, PARTS, more, sums);                        \
    else if (b1 != NULL) add_block(a0, a1, b0, b1, elements, false, true, PARTS, more, sums);                        \
    else add_block(a0, a1, b0, b1, elements, false, false, PARTS, more, sums);                                       \
  }
ADD_TILES(add_tiles_of_2, 2)
ADD_TILES(add_tiles_of_3, 3)


/// A block of rows by a group of panels; false, with nothing stored, where a number has no parts.
AMX bool run_block(const apus_tiles *t, const parts_rows *rows, ptrdiff_t panel_begin, ptrdiff_t panel_end) {
  uint16_t *operands = t->scratch;
  float *all_sums = (float *)(operands + OPERAND_ELEMENTS);
  const ptrdiff_t depth = t->tap_count * t->depth;
  const ptrdiff_t wanted = apus_ceil_div(rows->count, 16), height = apus_ceil_div(rows->count, wanted);
  const ptrdiff_t tiles = apus_ceil_div(rows->count, height);
  configure(height);
  for (ptrdiff_t begin = 0; begin < depth; begin += APUS_PARTS_DEPTH) {
    const ptrdiff_t count = apus_min(APUS_PARTS_DEPTH, depth - begin);
    const ptrdiff_t tile = apus_parts_panel_elements(count, t->parts);
    if (!(t->parts == 2 ? split_rows_of_2 : split_rows_of_3)(t, rows, height, begin, count, operands)) return false;
    for (ptrdiff_t panel = panel_begin; panel < panel_end; panel += 2) {
      const uint16_t *b0 = (const uint16_t *)t->b + panel * t->panel_stride + apus_parts_panel_elements(begin, t->parts);
      const uint16_t *b1 = panel + 1 < panel_end ? b0 + t->panel_stride : NULL;
      for (ptrdiff_t i = 0; i < tiles; i += 2) {
        const uint16_t *a0 = operands + i * tile, *a1 = i + 1 < tiles ? a0 + tile : NULL;
        float *sums = depth <= APUS_PARTS_DEPTH
                          ? all_sums
                          : all_sums + ((panel - panel_begin) / 2 * (APUS_PARTS_ROWS / 16) + i) * 512;
        (t->parts == 2 ? add_tiles_of_2 : add_tiles_of_3)(a0, a1, b0, b1, tile, begin > 0, sums);
        if (begin + count < depth) continue;
        const ptrdiff_t columns = apus_min(b1 == NULL ? 16 : 32, t->columns - panel * APUS_PANEL);
        for (ptrdiff_t j = i; j < apus_min(tiles, i + 2); j++)
          finish_rows(
              t, rows, j * height, apus_min(height, rows->count - j * height), panel, columns,
              sums + (j - i) * 512, 32);
      }
    }
  }
  return true;
}

AMX void run_amx(const apus_tiles *t, const apus_tile_range *r) {
  const ptrdiff_t total = (r->row_end - r->row_begin) * (r->run_end - r->run_begin);
  const ptrdiff_t blocks = apus_ceil_div(total, APUS_PARTS_ROWS);
  const ptrdiff_t block = apus_round_up(apus_ceil_div(total, apus_max(blocks, 1)), 16);
  for (ptrdiff_t first = 0; first < total; first += block) {
    const parts_rows rows = {.range = r, .first = first, .count = apus_min(block, total - first)};
    for (ptrdiff_t panel = r->panel_begin; panel < r->panel_end; panel += APUS_PARTS_PANELS) {
      const ptrdiff_t end = apus_min(r->panel_end, panel + APUS_PARTS_PANELS);
      if (!run_block(t, &rows, panel, end)) APUS_SELECT_F32(tiles_parts_plain)(t, &rows, panel, end);
    }
  }
  _tile_release();
}
#endif

void apus_tiles_parts(const apus_tiles *t, const apus_tile_range *r) {
#if APUS_X86
  if (apus_cpu_current_level() >= APUS_CPU_AMX_BF16 && t->tap_count * t->depth > 0) {
    run_amx(t, r);
    return;
  }
#endif
  const ptrdiff_t total = (r->row_end - r->row_begin) * (r->run_end - r->run_begin);
  const parts_rows rows = {.range = r, .count = total};
  APUS_SELECT_F32(tiles_parts_plain)(t, &rows, r->panel_begin, r->panel_end);
}
