#include "include/apus_quantize.h"
#include "internal/levels.h"

/// Rows and columns of a task.
enum { dot_rows = 32, dot_columns = 64 };

/// One product of rows of A and rows of B transposed, all of `stride` 16-bit elements, zero behind the last.
typedef struct product_job {
  ptrdiff_t m, n, k, stride;
  int16_t *a, *b;
  int32_t *c;
  /// What is widened, and its zero points.
  const uint8_t *from_a, *from_b, *zeros_a, *zeros_b;
  bool signed_a, signed_b, zero_rows, zero_columns;
} product_job;

#define APUS_KERNEL "integer_product.inc.h"
#include "internal/foreach_level.inc.h"

static int16_t number(const uint8_t *from, ptrdiff_t at, bool is_signed) {
  return is_signed ? (int8_t)from[at] : from[at];
}

static void widen_a_task(void *context, ptrdiff_t row, int32_t thread) {
  (void)thread;
  const product_job *job = context;
  int16_t *to = job->a + row * job->stride;
  const int16_t zero = job->zeros_a ? number(job->zeros_a, job->zero_rows ? row : 0, job->signed_a) : 0;
  for (ptrdiff_t i = 0; i < job->k; i++)
    to[i] = (int16_t)(number(job->from_a, row * job->k + i, job->signed_a) - zero);
  for (ptrdiff_t i = job->k; i < job->stride; i++) to[i] = 0;
}

/// Transposes a block of columns of B.
static void widen_b_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const product_job *job = context;
  const ptrdiff_t first = task * dot_columns, end = apus_min(job->n, first + dot_columns);
  for (ptrdiff_t j = first; j < end; j++) {
    int16_t *to = job->b + j * job->stride;
    const int16_t zero = job->zeros_b ? number(job->zeros_b, job->zero_columns ? j : 0, job->signed_b) : 0;
    for (ptrdiff_t i = 0; i < job->k; i++)
      to[i] = (int16_t)(number(job->from_b, i * job->n + j, job->signed_b) - zero);
    for (ptrdiff_t i = job->k; i < job->stride; i++) to[i] = 0;
  }
}

/// Elements of a widened row: whole vectors.
static ptrdiff_t row_stride(ptrdiff_t k) { return apus_round_up(k, 32); }

size_t apus_integer_product_workspace_bytes(const apus_integer_product *p) {
  return (size_t)((p->m + p->n) * row_stride(p->k) * 2);
}

void apus_integer_product_run(
    const apus_integer_product *p, const void *a, const void *b, const void *a_zeros, const void *b_zeros,
    int32_t *c, void *workspace, apus_pool *pool) {
  product_job job = {.m = p->m, .n = p->n, .k = p->k, .stride = row_stride(p->k)};
  job.a = workspace;
  job.b = job.a + p->m * job.stride;
  job.zeros_a = a_zeros, job.zeros_b = b_zeros;
  job.signed_a = p->a_type == APUS_I8, job.signed_b = p->b_type == APUS_I8;
  job.zero_rows = p->a_zero_rows, job.zero_columns = p->b_zero_columns;
  for (ptrdiff_t i = 0; i < p->batch; i++) {
    job.from_a = (const uint8_t *)a + i * p->a_batch;
    job.from_b = (const uint8_t *)b + i * p->b_batch;
    job.c = c + i * p->m * p->n;
    if (i == 0 || p->a_batch != 0) apus_pool_run(pool, p->m, widen_a_task, &job);
    if (i == 0 || p->b_batch != 0) apus_pool_run(pool, apus_ceil_div(p->n, dot_columns), widen_b_task, &job);
    const ptrdiff_t tasks = apus_ceil_div(p->m, dot_rows) * apus_ceil_div(p->n, dot_columns);
    apus_pool_run(pool, tasks, APUS_SELECT_F32(dot_task), &job);
  }
}
