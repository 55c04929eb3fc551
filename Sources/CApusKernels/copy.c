#include "include/apus_copy.h"

#include "internal/levels.h"
#include "internal/transpose.h"

/// A copy with dimensions of extent 1 dropped and neighbours merged. The last two dimensions are the
/// innermost loops: the last is the one with the smallest output stride.
typedef struct job {
  apus_copy copy;
  const char *in;
  char *out;
  ptrdiff_t rows_per_task;
} job;

static ptrdiff_t magnitude(ptrdiff_t x) { return x < 0 ? -x : x; }

static void swap_dimensions(apus_copy *c, int i, int j) {
  ptrdiff_t *fields[3] = {c->shape, c->in_strides, c->out_strides};
  for (int f = 0; f < 3; f++) {
    const ptrdiff_t keep = fields[f][i];
    fields[f][i] = fields[f][j];
    fields[f][j] = keep;
  }
}

static apus_copy simplify(const apus_copy *from) {
  apus_copy c = *from;
  c.rank = 0;
  for (int i = 0; i < from->rank; i++) {
    if (from->shape[i] == 1) continue;
    c.shape[c.rank] = from->shape[i];
    c.in_strides[c.rank] = from->in_strides[i];
    c.out_strides[c.rank++] = from->out_strides[i];
  }
  // Outermost first by output stride.
  for (int i = 1; i < c.rank; i++)
    for (int j = i; j > 0 && magnitude(c.out_strides[j - 1]) < magnitude(c.out_strides[j]); j--)
      swap_dimensions(&c, j - 1, j);
  int rank = 0;
  for (int i = 0; i < c.rank; i++) {
    const bool merges = rank > 0 && c.in_strides[rank - 1] == c.in_strides[i] * c.shape[i] &&
                        c.out_strides[rank - 1] == c.out_strides[i] * c.shape[i];
    if (merges) {
      c.shape[rank - 1] *= c.shape[i];
      c.in_strides[rank - 1] = c.in_strides[i];
      c.out_strides[rank - 1] = c.out_strides[i];
      continue;
    }
    c.shape[rank] = c.shape[i];
    c.in_strides[rank] = c.in_strides[i];
    c.out_strides[rank++] = c.out_strides[i];
  }
  c.rank = rank;
  // Where the input runs along another dimension, that one goes next to the innermost, so that blocks of
  // both stay in cache.
  int along = -1;
  for (int i = 0; i + 1 < c.rank; i++)
    if (magnitude(c.in_strides[i]) == 1) along = i;
  for (int i = along; along >= 0 && i + 2 < c.rank; i++) swap_dimensions(&c, i, i + 1);
  // Two dimensions at least, for the inner loops.
  while (c.rank < 2) {
    for (int i = c.rank; i > 0; i--) {
      c.shape[i] = c.shape[i - 1];
      c.in_strides[i] = c.in_strides[i - 1];
      c.out_strides[i] = c.out_strides[i - 1];
    }
    c.shape[0] = 1, c.in_strides[0] = c.out_strides[0] = 0;
    c.rank++;
  }
  return c;
}

#define BLOCK 16

#define DEFINE_BLOCK_COPY(NAME, TYPE)                                                                  \
  static void NAME(                                                                                    \
      const TYPE *in, TYPE *out, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t in_row, ptrdiff_t in_col, \
      ptrdiff_t out_row, ptrdiff_t out_col) {                                                          \
    for (ptrdiff_t j0 = 0; j0 < columns; j0 += BLOCK) {                                                \
      const ptrdiff_t j1 = apus_min(columns, j0 + BLOCK);                                              \
      for (ptrdiff_t i = 0; i < rows; i++)                                                             \
        for (ptrdiff_t j = j0; j < j1; j++) out[i * out_row + j * out_col] = in[i * in_row + j * in_col]; \
    }                                                                                                  \
  }
DEFINE_BLOCK_COPY(copy_1, uint8_t)
DEFINE_BLOCK_COPY(copy_2, uint16_t)
DEFINE_BLOCK_COPY(copy_4, uint32_t)
DEFINE_BLOCK_COPY(copy_8, uint64_t)

#if APUS_X86
/// Transposes 4-byte elements in 16 x 16 blocks: rows run along the input, columns along the output.
__attribute__((target("avx512f"))) static void transpose_16x16(
    const uint32_t *in, uint32_t *out, ptrdiff_t in_col, ptrdiff_t out_row) {
  __m512i r[16], t[16];
  for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(in + i * in_col);
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + j + 2]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + j + 2]);
    }
  for (int j = 0; j < 4; j++) {
    const __m512i a = _mm512_shuffle_i32x4(r[j], r[j + 4], 0x88), b = _mm512_shuffle_i32x4(r[j], r[j + 4], 0xdd);
    const __m512i c = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0x88);
    const __m512i d = _mm512_shuffle_i32x4(r[j + 8], r[j + 12], 0xdd);
    _mm512_storeu_si512(out + (j + 0) * out_row, _mm512_shuffle_i32x4(a, c, 0x88));
    _mm512_storeu_si512(out + (j + 8) * out_row, _mm512_shuffle_i32x4(a, c, 0xdd));
    _mm512_storeu_si512(out + (j + 4) * out_row, _mm512_shuffle_i32x4(b, d, 0x88));
    _mm512_storeu_si512(out + (j + 12) * out_row, _mm512_shuffle_i32x4(b, d, 0xdd));
  }
}

static void transpose_blocks(
    const uint32_t *in, uint32_t *out, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t in_col, ptrdiff_t out_row) {
  const ptrdiff_t whole_rows = rows / 16 * 16, whole_columns = columns / 16 * 16;
  for (ptrdiff_t j = 0; j < whole_columns; j += 16)
    for (ptrdiff_t i = 0; i < whole_rows; i += 16)
      transpose_16x16(in + i + j * in_col, out + i * out_row + j, in_col, out_row);
  copy_4(in + whole_columns * in_col, out + whole_columns, whole_rows, columns - whole_columns, 1, in_col,
         out_row, 1);
  copy_4(in + whole_rows, out + whole_rows * out_row, rows - whole_rows, columns, 1, in_col, out_row, 1);
}
#endif

void apus_transpose_4(
    const void *in, void *out, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t in_column, ptrdiff_t out_row) {
#if APUS_X86
  if (apus_cpu_current_level() >= APUS_CPU_AVX512) {
    transpose_blocks(in, out, rows, columns, in_column, out_row);
    return;
  }
#endif
  copy_4(in, out, rows, columns, 1, in_column, out_row, 1);
}

/// The two innermost dimensions.
static void copy_plane(
    const apus_copy *c, const char *in, char *out, ptrdiff_t begin, ptrdiff_t end) {
  const int outer = c->rank - 2, inner = c->rank - 1, size = c->element_bytes;
  const ptrdiff_t ir = c->in_strides[outer], ic = c->in_strides[inner], n = c->shape[inner];
  const ptrdiff_t or = c->out_strides[outer], oc = c->out_strides[inner], rows = end - begin;
  in += begin * ir * size;
  out += begin * or * size;
  if (ic == 1 && oc == 1) {
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(out + i * or * size, in + i * ir * size, (size_t)(n * size));
    return;
  }
  if (size == 4 && ir == 1 && oc == 1) {
    apus_transpose_4(in, out, rows, n, ic, or);
    return;
  }
  switch (size) {
  case 1: copy_1((const uint8_t *)in, (uint8_t *)out, rows, n, ir, ic, or, oc); break;
  case 2: copy_2((const uint16_t *)in, (uint16_t *)out, rows, n, ir, ic, or, oc); break;
  case 4: copy_4((const uint32_t *)in, (uint32_t *)out, rows, n, ir, ic, or, oc); break;
  default: copy_8((const uint64_t *)in, (uint64_t *)out, rows, n, ir, ic, or, oc); break;
  }
}

static void copy_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const job *j = context;
  const apus_copy *c = &j->copy;
  const ptrdiff_t rows = c->shape[c->rank - 2], blocks = apus_ceil_div(rows, j->rows_per_task);
  const ptrdiff_t begin = task % blocks * j->rows_per_task, end = apus_min(rows, begin + j->rows_per_task);
  ptrdiff_t rest = task / blocks, in = 0, out = 0;
  for (int i = c->rank - 3; i >= 0; i--) {
    in += rest % c->shape[i] * c->in_strides[i];
    out += rest % c->shape[i] * c->out_strides[i];
    rest /= c->shape[i];
  }
  copy_plane(c, j->in + in * c->element_bytes, j->out + out * c->element_bytes, begin, end);
}

void apus_copy_run(const apus_copy *copy, const void *in, void *out, apus_pool *pool) {
  for (int i = 0; i < copy->rank; i++)
    if (copy->shape[i] == 0) return;
  job j = {.copy = simplify(copy), .in = in, .out = out};
  const ptrdiff_t rows = j.copy.shape[j.copy.rank - 2], columns = j.copy.shape[j.copy.rank - 1];
  ptrdiff_t outer = 1;
  for (int i = 0; i + 2 < j.copy.rank; i++) outer *= j.copy.shape[i];
  const ptrdiff_t threads = apus_pool_threads(pool);
  // Blocks of whole tiles, of some ten thousand elements.
  ptrdiff_t block = apus_max(16, apus_round_up(apus_ceil_div(16384, apus_max(columns, 1)), 16));
  if (threads == 1) block = rows;
  j.rows_per_task = apus_min(rows, block);
  apus_pool_run(pool, outer * apus_ceil_div(rows, j.rows_per_task), copy_task, &j);
}

apus_copy apus_copy_transpose(
    int32_t rank, const ptrdiff_t *shape, const int32_t *axes, int32_t element_bytes) {
  apus_copy c = {.rank = rank, .element_bytes = element_bytes};
  ptrdiff_t strides[APUS_COPY_RANK], stride = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  stride = 1;
  for (int i = rank - 1; i >= 0; i--) {
    c.shape[i] = shape[axes[i]];
    c.in_strides[i] = strides[axes[i]];
    c.out_strides[i] = stride;
    stride *= c.shape[i];
  }
  return c;
}
