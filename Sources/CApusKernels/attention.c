#include "include/apus_attention.h"

#include "internal/attention.h"
#include "internal/tiles.h"
#include "internal/transpose.h"

// K^T and V are packed once for each head; then blocks of queries take their scores, probabilities and sums
// in one go, so that scores never leave the second-level cache.

typedef struct job {
  const apus_attention *attention;
  const char *q, *k, *v;
  const float *mask;
  char *out;
  char *packed_k, *packed_v, *scratch;
  /// Elements of one packed head, and depths as packed: even for BF16.
  ptrdiff_t k_size, v_size, depth, keys;
  /// Queries of a task, tasks of a head, floats of a row of scores, bytes of a thread's scratch.
  ptrdiff_t rows, blocks, score_stride, scratch_bytes;
} job;

static ptrdiff_t element_size(const apus_attention *a) { return a->type == APUS_BF16 ? 2 : 4; }

static job make_job(const apus_attention *a) {
  job j = {.attention = a};
  const ptrdiff_t even = a->type == APUS_BF16 ? 2 : 1;
  j.depth = apus_round_up(a->depth, even);
  j.keys = apus_round_up(a->keys, even);
  j.score_stride = apus_max(16, apus_round_up(a->keys, APUS_PANEL));
  j.k_size = j.score_stride * j.depth;
  j.v_size = apus_round_up(a->value_depth, APUS_PANEL) * j.keys;
  // A quarter of a megabyte of scores, in whole tiles.
  j.rows = apus_min(56, apus_max(14, 65536 / j.score_stride / 14 * 14));
  j.rows = apus_max(1, apus_min(j.rows, a->queries));
  j.blocks = apus_ceil_div(a->queries, j.rows);
  // Scores, and for BF16 the queries with an even depth.
  j.scratch_bytes = apus_round_up(j.rows * (j.score_stride * 4 + j.depth * element_size(a)), 64);
  return j;
}

size_t apus_attention_workspace_bytes(const apus_attention *a, int32_t threads) {
  const job j = make_job(a);
  const ptrdiff_t heads = a->batch * a->kv_heads, size = element_size(a);
  return (size_t)(apus_round_up(heads * j.k_size * size, 64) + apus_round_up(heads * j.v_size * size, 64) +
                  apus_max(threads, 1) * j.scratch_bytes + 64);
}

/// K as panels of 16 keys. A pair of BF16 elements moves like one float.
static void pack_keys(const job *j, const char *k, char *to) {
  const apus_attention *a = j->attention;
  const ptrdiff_t size = element_size(a), bytes = j->depth * APUS_PANEL * size;
  const bool whole = size == 4 || (a->depth % 2 == 0 && a->k.row % 2 == 0);
  for (ptrdiff_t n = 0; n < j->score_stride; n += APUS_PANEL, to += bytes) {
    const ptrdiff_t count = apus_min(APUS_PANEL, a->keys - n);
    const char *from = k + n * a->k.row * size;
    if (count < APUS_PANEL || !whole) memset(to, 0, (size_t)bytes);
    if (whole) {
      apus_transpose_4(from, to, a->depth * size / 4, count, a->k.row * size / 4, APUS_PANEL);
      continue;
    }
    for (ptrdiff_t i = 0; i < count; i++)
      for (ptrdiff_t d = 0; d < a->depth; d++)
        ((uint16_t *)to)[(d / 2 * APUS_PANEL + i) * 2 + d % 2] = ((const uint16_t *)from)[i * a->k.row + d];
  }
}

/// V as panels of 16 columns.
static void pack_values(const job *j, const char *v, char *to) {
  const apus_attention *a = j->attention;
  const ptrdiff_t size = element_size(a), bytes = j->keys * APUS_PANEL * size;
  for (ptrdiff_t c = 0; c < a->value_depth; c += APUS_PANEL, to += bytes) {
    const ptrdiff_t count = apus_min(APUS_PANEL, a->value_depth - c);
    if (count < APUS_PANEL || j->keys != a->keys) memset(to, 0, (size_t)bytes);
    for (ptrdiff_t n = 0; n < a->keys; n++) {
      const char *from = v + (n * a->v.row + c) * size;
      if (size == 4) {
        memcpy(to + n * APUS_PANEL * 4, from, (size_t)count * 4);
        continue;
      }
      uint16_t *pair = (uint16_t *)to + n / 2 * APUS_PANEL * 2 + n % 2;
      for (ptrdiff_t i = 0; i < count; i++) pair[i * 2] = ((const uint16_t *)from)[i];
    }
  }
}

static void pack_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const job *j = context;
  const apus_attention *a = j->attention;
  const ptrdiff_t size = element_size(a), image = task / a->kv_heads, head = task % a->kv_heads;
  pack_keys(j, j->k + (image * a->k.batch + head * a->k.head) * size, j->packed_k + task * j->k_size * size);
  pack_values(j, j->v + (image * a->v.batch + head * a->v.head) * size, j->packed_v + task * j->v_size * size);
}

static void query_task(void *context, ptrdiff_t task, int32_t thread) {
  const job *j = context;
  const apus_attention *a = j->attention;
  const ptrdiff_t size = element_size(a), block = task % j->blocks, head = task / j->blocks % a->heads;
  const ptrdiff_t image = task / j->blocks / a->heads, first = block * j->rows;
  const ptrdiff_t rows = apus_min(j->rows, a->queries - first);
  const ptrdiff_t kv = image * a->kv_heads + head / (a->heads / a->kv_heads), zero = 0;
  const apus_tiles_function tiles = a->type == APUS_BF16 ? apus_tiles_bf16() : apus_tiles_f32();
  const apus_epilogue plain = {0};
  float *scores = (float *)(j->scratch + thread * j->scratch_bytes);
  const char *q = j->q + (image * a->q.batch + head * a->q.head + first * a->q.row) * size;
  ptrdiff_t q_stride = a->q.row;
  if (j->depth != a->depth) {
    uint16_t *copy = (uint16_t *)(scores + j->rows * j->score_stride);
    for (ptrdiff_t i = 0; i < rows; i++) {
      memcpy(copy + i * j->depth, q + i * q_stride * size, (size_t)(a->depth * size));
      copy[i * j->depth + a->depth] = 0;
    }
    q = (const char *)copy;
    q_stride = j->depth;
  }
  const apus_tiles products = {
      .a = q,
      .taps = &zero,
      .tap_count = 1,
      .depth = j->depth,
      .row_stride = q_stride,
      .b = j->packed_k + kv * j->k_size * size,
      .panel_stride = j->depth * APUS_PANEL,
      .c = scores,
      .c_row_stride = j->score_stride,
      .columns = j->score_stride,
      .out_type = APUS_F32,
      .epilogue = &plain,
  };
  // Keys that no query of the block sees are left out.
  const ptrdiff_t shift = a->keys - a->queries;
  const ptrdiff_t most = a->causal ? apus_max(0, apus_min(a->keys, first + rows + shift)) : a->keys;
  const ptrdiff_t stored = apus_round_up(most, APUS_PANEL);
  const apus_tile_range range = {.run_end = 1, .row_end = rows, .panel_end = stored / APUS_PANEL};
  tiles(&products, &range);
  for (ptrdiff_t i = 0; i < rows; i++) {
    const ptrdiff_t seen = a->causal ? apus_max(0, apus_min(most, first + i + shift + 1)) : most;
    const float *mask = j->mask == NULL
                            ? NULL
                            : j->mask + image * a->mask.batch + head * a->mask.head + (first + i) * a->mask.row;
    APUS_SELECT_F32(apus_attention_softmax)
    (scores + i * j->score_stride, mask, a->mask_column, a->scale, seen, stored, a->type);
  }
  const apus_tiles sums = {
      .a = scores,
      .taps = &zero,
      .tap_count = 1,
      .depth = apus_min(j->keys, stored),
      .row_stride = j->score_stride * (a->type == APUS_BF16 ? 2 : 1),
      .b = j->packed_v + kv * j->v_size * size,
      .panel_stride = j->keys * APUS_PANEL,
      .c = j->out + (image * a->out.batch + head * a->out.head + first * a->out.row) * size,
      .c_row_stride = a->out.row,
      .columns = a->value_depth,
      .out_type = a->type,
      .epilogue = &plain,
  };
  const apus_tile_range all = {
      .run_end = 1, .row_end = rows, .panel_end = apus_ceil_div(a->value_depth, APUS_PANEL)};
  tiles(&sums, &all);
}

void apus_attention_run(
    const apus_attention *a, const void *q, const void *k, const void *v, const float *mask, void *out,
    void *workspace, apus_pool *pool) {
  if (a->batch == 0 || a->heads == 0 || a->queries == 0 || a->value_depth == 0) return;
  job j = make_job(a);
  const ptrdiff_t heads = a->batch * a->kv_heads, size = element_size(a);
  j.q = q, j.k = k, j.v = v, j.mask = mask, j.out = out;
  j.packed_k = workspace;
  j.packed_v = j.packed_k + apus_round_up(heads * j.k_size * size, 64);
  j.scratch = j.packed_v + apus_round_up(heads * j.v_size * size, 64);
  apus_pool_run(pool, heads, pack_task, &j);
  apus_pool_run(pool, a->batch * a->heads * j.blocks, query_task, &j);
}
