#include "internal/indices.h"

/// Indices are read in runs of at most this many.
enum { run = 256 };

typedef struct elements_job {
  const apus_index_elements *e;
  const char *data, *indices, *updates;
  char *out;
  apus_scatter reduction;
  apus_dtype type;
  /// Strides of the data, 0 along the axis; the axis' own; that of the last dimension within a row.
  ptrdiff_t strides[APUS_INDEX_RANK], along, step;
  /// Rows of the last dimension, its extent, and rows of a task.
  ptrdiff_t rows, length, rows_per_task;
  ptrdiff_t bad;
} elements_job;

static elements_job make_job(const apus_index_elements *e) {
  elements_job job = {.e = e, .rows = 1, .bad = -1};
  ptrdiff_t stride = 1;
  for (int i = e->rank - 1; i >= 0; i--) {
    job.strides[i] = stride;
    stride *= e->data[i];
    if (i + 1 < e->rank) job.rows *= e->indices[i];
  }
  job.along = job.strides[e->axis];
  job.strides[e->axis] = 0;
  job.length = e->indices[e->rank - 1];
  job.step = job.strides[e->rank - 1];
  return job;
}

/// Where the elements of a row start that do not depend on its indices.
static ptrdiff_t row_start(const elements_job *job, ptrdiff_t row) {
  ptrdiff_t start = 0;
  for (int i = job->e->rank - 2; i >= 0; i--) {
    start += row % job->e->indices[i] * job->strides[i];
    row /= job->e->indices[i];
  }
  return start;
}

/// Offsets of the elements that `n` indices from `first` on choose; false when one is outside.
static bool read_offsets(elements_job *job, ptrdiff_t first, ptrdiff_t n, ptrdiff_t start, ptrdiff_t *offsets) {
  const ptrdiff_t extent = job->e->data[job->e->axis];
  for (ptrdiff_t k = 0; k < n; k++) {
    const ptrdiff_t index = apus_index_within(apus_index(job->indices, job->e->index_type, first + k), extent);
    if (index < 0) {
      apus_index_refuse(&job->bad, first + k);
      return false;
    }
    offsets[k] = start + k * job->step + index * job->along;
  }
  return true;
}

#define DEFINE_PICK(NAME, TYPE)                                                                  \
  static void NAME(const void *data, const ptrdiff_t *at, void *out, ptrdiff_t n) {              \
    for (ptrdiff_t k = 0; k < n; k++) ((TYPE *)out)[k] = ((const TYPE *)data)[at[k]];            \
  }
DEFINE_PICK(pick_1, uint8_t)
DEFINE_PICK(pick_2, uint16_t)
DEFINE_PICK(pick_4, uint32_t)
DEFINE_PICK(pick_8, uint64_t)

static void pick(const elements_job *job, const ptrdiff_t *at, ptrdiff_t first, ptrdiff_t n) {
  const ptrdiff_t bytes = job->e->element_bytes;
  char *out = job->out + first * bytes;
  switch (bytes) {
  case 1: pick_1(job->data, at, out, n); break;
  case 2: pick_2(job->data, at, out, n); break;
  case 4: pick_4(job->data, at, out, n); break;
  case 8: pick_8(job->data, at, out, n); break;
  default:
    for (ptrdiff_t k = 0; k < n; k++) memcpy(out + k * bytes, job->data + at[k] * bytes, (size_t)bytes);
  }
}

static void elements_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  elements_job *job = context;
  const ptrdiff_t end = apus_min(job->rows, (task + 1) * job->rows_per_task);
  ptrdiff_t offsets[run];
  for (ptrdiff_t row = task * job->rows_per_task; row < end; row++) {
    const ptrdiff_t start = row_start(job, row);
    for (ptrdiff_t j = 0; j < job->length; j += run) {
      const ptrdiff_t n = apus_min(run, job->length - j), first = row * job->length + j;
      if (!read_offsets(job, first, n, start + j * job->step, offsets)) return;
      if (job->updates == NULL) {
        pick(job, offsets, first, n);
      } else {
        const ptrdiff_t bytes = job->e->element_bytes;
        apus_scatter_at(job->reduction, job->type, bytes, job->out, offsets, job->updates + first * bytes, n);
      }
    }
  }
}

/// Runs tasks of whole groups of `group` rows and some thousand elements.
static ptrdiff_t run_rows(elements_job *job, ptrdiff_t group, apus_pool *pool) {
  if (job->rows == 0 || job->length == 0) return -1;
  job->rows_per_task = group * apus_max(1, 8192 / apus_max(1, group * job->length));
  apus_pool_run(pool, apus_ceil_div(job->rows, job->rows_per_task), elements_task, job);
  return job->bad;
}

ptrdiff_t apus_gather_elements(
    const apus_index_elements *e, const void *data, const void *indices, void *out, apus_pool *pool) {
  elements_job job = make_job(e);
  job.data = data, job.indices = indices, job.out = out;
  return run_rows(&job, 1, pool);
}

ptrdiff_t apus_scatter_elements(
    const apus_index_elements *e, apus_scatter reduction, apus_dtype type, const void *data, const void *indices,
    const void *updates, void *out, apus_pool *pool) {
  elements_job job = make_job(e);
  job.indices = indices, job.updates = updates, job.out = out;
  job.reduction = reduction, job.type = type;
  ptrdiff_t count = 1, group = 1;
  for (int i = 0; i < e->rank; i++) count *= e->data[i];
  apus_copy_bytes(data, out, count * e->element_bytes, pool);
  // Rows that differ before the axis never meet; those that differ along it may.
  for (int i = e->axis; i + 1 < e->rank; i++) group *= e->indices[i];
  return run_rows(&job, apus_max(1, group), pool);
}
