#include "internal/order.h"

/// Columns that are walked together.
enum { columns = 64 };

typedef struct arg_job {
  const apus_lines *lines;
  /// Rows of a task where lines are dense.
  ptrdiff_t block;
  bool last;
  uint64_t flip;
  const void *in;
  int64_t *places;
} arg_job;

/// The larger wins. NaN does always, so where order is turned round it goes to the other end first.
INLINE uint64_t arg_key(const arg_job *job, const apus_dtype type, ptrdiff_t at) {
  const uint64_t key = apus_order_key(job->in, type, at);
  const bool is_float = type == APUS_F32 || type == APUS_BF16 || type == APUS_F64;
  const uint64_t nan = type == APUS_F64 ? UINT64_MAX : UINT32_MAX;
  return is_float && key == nan ? UINT64_MAX : key ^ job->flip;
}

/// Lines `at`, `at + 1`, … of `n` neighbouring columns.
INLINE void arg_columns(const arg_job *job, const apus_dtype type, ptrdiff_t at, ptrdiff_t n, int64_t *places) {
  uint64_t best[columns];
  const ptrdiff_t stride = job->lines->inner;
  for (ptrdiff_t j = 0; j < n; j++) {
    best[j] = arg_key(job, type, at + j);
    places[j] = 0;
  }
  for (ptrdiff_t i = 1; i < job->lines->size; i++)
    for (ptrdiff_t j = 0; j < n; j++) {
      const uint64_t key = arg_key(job, type, at + i * stride + j);
      if (key > best[j] || (job->last && key == best[j])) best[j] = key, places[j] = i;
    }
}

INLINE void arg_run(const arg_job *job, const apus_dtype type, ptrdiff_t task) {
  const apus_lines *l = job->lines;
  if (l->inner == 1) {
    const ptrdiff_t end = apus_min(l->outer, (task + 1) * job->block);
    for (ptrdiff_t row = task * job->block; row < end; row++)
      arg_columns(job, type, row * l->size, 1, job->places + row);
    return;
  }
  const ptrdiff_t blocks = apus_ceil_div(l->inner, columns), first = task % blocks * columns, row = task / blocks;
  const ptrdiff_t n = apus_min(columns, l->inner - first);
  arg_columns(job, type, row * l->size * l->inner + first, n, job->places + row * l->inner + first);
}

#define ARG_CASE(TYPE) \
  case TYPE: arg_run(job, TYPE, task); break;

static void arg_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const arg_job *job = context;
  switch (job->lines->type) {
    ARG_CASE(APUS_F32)
    ARG_CASE(APUS_BF16)
    ARG_CASE(APUS_F64)
    ARG_CASE(APUS_I8)
    ARG_CASE(APUS_U8)
    ARG_CASE(APUS_BOOL)
    ARG_CASE(APUS_I16)
    ARG_CASE(APUS_U16)
    ARG_CASE(APUS_I32)
    ARG_CASE(APUS_U32)
    ARG_CASE(APUS_I64)
    ARG_CASE(APUS_U64)
  default: break;
  }
}

void apus_arg_extreme(
    const apus_lines *lines, bool largest, bool last, const void *in, int64_t *places, apus_pool *pool) {
  arg_job job = {.lines = lines, .last = last, .in = in, .places = places};
  job.flip = largest ? 0 : UINT64_MAX;
  job.block = apus_max(1, 16384 / apus_max(1, lines->size));
  const ptrdiff_t tasks = lines->inner == 1 ? apus_ceil_div(lines->outer, job.block)
                                            : lines->outer * apus_ceil_div(lines->inner, columns);
  apus_pool_run(pool, tasks, arg_task, &job);
}
