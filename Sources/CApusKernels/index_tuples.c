#include "internal/indices.h"

typedef struct tuples_job {
  const apus_index_tuples *t;
  const char *data, *indices;
  char *out;
  /// Elements between neighbours of each indexed extent, and of the data of a batch.
  ptrdiff_t strides[APUS_INDEX_RANK], batch;
  ptrdiff_t tuples_per_task, bad;
} tuples_job;

static tuples_job make_job(const apus_index_tuples *t) {
  tuples_job job = {.t = t, .bad = -1};
  ptrdiff_t stride = t->slice;
  for (int i = t->tuple - 1; i >= 0; i--) {
    job.strides[i] = stride;
    stride *= t->extents[i];
  }
  job.batch = stride;
  return job;
}

/// Where the slice of a tuple starts, in elements; -1 when an index is outside.
static ptrdiff_t tuple_start(tuples_job *job, ptrdiff_t number) {
  const apus_index_tuples *t = job->t;
  ptrdiff_t start = number / apus_max(t->batch_count, 1) * job->batch;
  for (int i = 0; i < t->tuple; i++) {
    const ptrdiff_t at = number * t->tuple + i;
    const ptrdiff_t index = apus_index_within(apus_index(job->indices, t->index_type, at), t->extents[i]);
    if (index < 0) {
      apus_index_refuse(&job->bad, at);
      return -1;
    }
    start += index * job->strides[i];
  }
  return start;
}

static void gather_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  tuples_job *job = context;
  const ptrdiff_t bytes = job->t->element_bytes, slice = job->t->slice * bytes;
  const ptrdiff_t end = apus_min(job->t->count, (task + 1) * job->tuples_per_task);
  for (ptrdiff_t number = task * job->tuples_per_task; number < end; number++) {
    const ptrdiff_t start = tuple_start(job, number);
    if (start < 0) return;
    memcpy(job->out + number * slice, job->data + start * bytes, (size_t)slice);
  }
}

ptrdiff_t apus_gather_tuples(
    const apus_index_tuples *t, const void *data, const void *indices, void *out, apus_pool *pool) {
  tuples_job job = make_job(t);
  job.data = data, job.indices = indices, job.out = out;
  job.tuples_per_task = apus_max(1, 16384 / apus_max(1, t->slice * t->element_bytes));
  apus_pool_run(pool, apus_ceil_div(t->count, job.tuples_per_task), gather_task, &job);
  return job.bad;
}

ptrdiff_t apus_scatter_tuples(
    const apus_index_tuples *t, apus_scatter reduction, apus_dtype type, const void *data, const void *indices,
    const void *updates, void *out, apus_pool *pool) {
  tuples_job job = make_job(t);
  job.indices = indices;
  apus_copy_bytes(data, out, t->data_count * t->element_bytes, pool);
  // Tuples may repeat, and the last one wins: in order, by one thread.
  for (ptrdiff_t number = 0; number < t->count; number++) {
    const ptrdiff_t start = tuple_start(&job, number);
    if (start < 0) return job.bad;
    apus_scatter_span(
        reduction, type, t->element_bytes, (char *)out + start * t->element_bytes,
        (const char *)updates + number * t->slice * t->element_bytes, t->slice);
  }
  return -1;
}
