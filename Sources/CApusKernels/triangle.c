#include "internal/indices.h"

typedef struct triangle_job {
  ptrdiff_t rows, columns, bytes, total, block, shift;
  bool upper;
  const char *in;
  char *out;
} triangle_job;

static void triangle_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const triangle_job *job = context;
  const ptrdiff_t end = apus_min(job->total, (task + 1) * job->block);
  for (ptrdiff_t row = task * job->block; row < end; row++) {
    // The first column at or behind the diagonal, and the first behind it.
    const ptrdiff_t diagonal = row % job->rows + job->shift, edge = job->upper ? diagonal : diagonal + 1;
    const ptrdiff_t cut = apus_min(job->columns, apus_max(0, edge));
    const ptrdiff_t first = job->upper ? cut : 0, last = job->upper ? job->columns : cut;
    const char *in = job->in + row * job->columns * job->bytes;
    char *out = job->out + row * job->columns * job->bytes;
    if (in != out) memcpy(out + first * job->bytes, in + first * job->bytes, (size_t)((last - first) * job->bytes));
    memset(out, 0, (size_t)(first * job->bytes));
    memset(out + last * job->bytes, 0, (size_t)((job->columns - last) * job->bytes));
  }
}

void apus_triangle(
    ptrdiff_t matrices, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t element_bytes, bool upper, ptrdiff_t shift,
    const void *in, void *out, apus_pool *pool) {
  triangle_job job = {rows, columns, element_bytes, matrices * rows, 1, 0, upper, in, out};
  const ptrdiff_t reach = rows + columns;
  job.shift = apus_min(reach, apus_max(-reach, shift));
  job.block = apus_max(1, 65536 / apus_max(1, columns * element_bytes));
  apus_pool_run(pool, apus_ceil_div(job.total, job.block), triangle_task, &job);
}
