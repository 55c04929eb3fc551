#include "include/apus_order.h"
#include "internal/levels.h"

/// Columns that are walked together.
enum { columns = 64 };

typedef struct cumulate_job {
  const apus_lines *lines;
  ptrdiff_t block;
  bool product, exclusive, reverse;
  const void *in;
  void *out;
} cumulate_job;

#define DEFINE_CUMULATE(NAME, TYPE, TOTAL)                                                                  \
  INLINE void NAME##_columns(const cumulate_job *job, const bool product, ptrdiff_t at, ptrdiff_t n) {      \
    const apus_lines *l = job->lines;                                                                       \
    const TYPE *in = (const TYPE *)job->in + at;                                                            \
    TYPE *out = (TYPE *)job->out + at;                                                                      \
    TOTAL totals[columns];                                                                                  \
    for (ptrdiff_t j = 0; j < n; j++) totals[j] = product;                                                  \
    for (ptrdiff_t i = 0; i < l->size; i++) {                                                               \
      const ptrdiff_t row = (job->reverse ? l->size - 1 - i : i) * l->inner;                                \
      for (ptrdiff_t j = 0; j < n; j++) {                                                                   \
        const TOTAL next = product ? totals[j] * (TOTAL)in[row + j] : totals[j] + (TOTAL)in[row + j];       \
        out[row + j] = (TYPE)(job->exclusive ? totals[j] : next);                                           \
        totals[j] = next;                                                                                   \
      }                                                                                                     \
    }                                                                                                       \
  }                                                                                                         \
  static void NAME(const cumulate_job *job, ptrdiff_t at, ptrdiff_t n) {                                    \
    if (job->product) NAME##_columns(job, true, at, n);                                                     \
    else NAME##_columns(job, false, at, n);                                                                 \
  }
DEFINE_CUMULATE(cumulate_f32, float, double)
DEFINE_CUMULATE(cumulate_f64, double, double)
// Integers wrap around.
DEFINE_CUMULATE(cumulate_i32, uint32_t, uint32_t)
DEFINE_CUMULATE(cumulate_i64, uint64_t, uint64_t)

bool apus_cumulate_takes(apus_dtype type) {
  return type == APUS_F32 || type == APUS_F64 || type == APUS_I32 || type == APUS_I64;
}

static void cumulate_part(const cumulate_job *job, ptrdiff_t at, ptrdiff_t n) {
  switch (job->lines->type) {
  case APUS_F32: cumulate_f32(job, at, n); break;
  case APUS_F64: cumulate_f64(job, at, n); break;
  case APUS_I32: cumulate_i32(job, at, n); break;
  default: cumulate_i64(job, at, n); break;
  }
}

static void cumulate_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const cumulate_job *job = context;
  const apus_lines *l = job->lines;
  if (l->inner == 1) {
    const ptrdiff_t end = apus_min(l->outer, (task + 1) * job->block);
    for (ptrdiff_t row = task * job->block; row < end; row++) cumulate_part(job, row * l->size, 1);
    return;
  }
  const ptrdiff_t blocks = apus_ceil_div(l->inner, columns), first = task % blocks * columns;
  cumulate_part(job, task / blocks * l->size * l->inner + first, apus_min(columns, l->inner - first));
}

void apus_cumulate(
    const apus_lines *lines, bool product, bool exclusive, bool reverse, const void *in, void *out, apus_pool *pool) {
  cumulate_job job = {lines, 1, product, exclusive, reverse, in, out};
  job.block = apus_max(1, 16384 / apus_max(1, lines->size));
  const ptrdiff_t tasks = lines->inner == 1 ? apus_ceil_div(lines->outer, job.block)
                                            : lines->outer * apus_ceil_div(lines->inner, columns);
  apus_pool_run(pool, tasks, cumulate_task, &job);
}
