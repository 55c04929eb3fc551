#include "internal/indices.h"

enum { block = 16384 };

typedef struct nonzero_job {
  const char *in;
  int64_t *out;
  ptrdiff_t *starts;
  const ptrdiff_t *shape;
  ptrdiff_t count, found;
  int32_t rank, bytes;
  bool is_float;
} nonzero_job;

// A float's sign alone is a zero: it is shifted out.
#define DEFINE_NONZERO(TYPE)                                                                             \
  static ptrdiff_t count_##TYPE(const TYPE *x, ptrdiff_t n, int shift) {                                 \
    ptrdiff_t found = 0;                                                                                 \
    for (ptrdiff_t i = 0; i < n; i++) found += (TYPE)(x[i] << shift) != 0;                               \
    return found;                                                                                        \
  }                                                                                                      \
  static ptrdiff_t find_##TYPE(const TYPE *x, ptrdiff_t first, ptrdiff_t n, int shift, int64_t *to) {    \
    ptrdiff_t found = 0;                                                                                 \
    for (ptrdiff_t i = first; i < first + n; i++)                                                        \
      if ((TYPE)(x[i] << shift) != 0) to[found++] = i;                                                   \
    return found;                                                                                        \
  }
DEFINE_NONZERO(uint8_t)
DEFINE_NONZERO(uint16_t)
DEFINE_NONZERO(uint32_t)
DEFINE_NONZERO(uint64_t)

ptrdiff_t apus_count_nonzero(const void *in, ptrdiff_t count, int32_t element_bytes, bool is_float) {
  switch (element_bytes) {
  case 1: return count_uint8_t(in, count, is_float);
  case 2: return count_uint16_t(in, count, is_float);
  case 4: return count_uint32_t(in, count, is_float);
  default: return count_uint64_t(in, count, is_float);
  }
}

ptrdiff_t apus_nonzero_blocks(ptrdiff_t count) { return apus_ceil_div(count, block); }

static void count_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const nonzero_job *job = context;
  const ptrdiff_t first = task * block;
  job->starts[task + 1] = apus_count_nonzero(
      job->in + first * job->bytes, apus_min(block, job->count - first), job->bytes, job->is_float);
}

/// Positions go to the last row of the result first, then each is taken apart from the innermost axis outwards.
static void find_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const nonzero_job *job = context;
  const ptrdiff_t first = task * block, n = apus_min(block, job->count - first);
  int64_t *last = job->out + (job->rank - 1) * job->found + job->starts[task];
  ptrdiff_t found;
  switch (job->bytes) {
  case 1: found = find_uint8_t((const void *)job->in, first, n, job->is_float, last); break;
  case 2: found = find_uint16_t((const void *)job->in, first, n, job->is_float, last); break;
  case 4: found = find_uint32_t((const void *)job->in, first, n, job->is_float, last); break;
  default: found = find_uint64_t((const void *)job->in, first, n, job->is_float, last); break;
  }
  if (job->rank == 1) return;
  for (ptrdiff_t k = 0; k < found; k++) {
    int64_t place = last[k];
    for (int axis = job->rank - 1; axis >= 0; axis--) {
      job->out[axis * job->found + job->starts[task] + k] = place % job->shape[axis];
      place /= job->shape[axis];
    }
  }
}

void apus_nonzero(
    const void *in, int32_t rank, const ptrdiff_t *shape, int32_t element_bytes, bool is_float, ptrdiff_t found,
    int64_t *out, ptrdiff_t *starts, apus_pool *pool) {
  nonzero_job job = {in, out, starts, shape, 1, found, rank, element_bytes, is_float};
  for (int i = 0; i < rank; i++) job.count *= shape[i];
  const ptrdiff_t blocks = apus_nonzero_blocks(job.count);
  starts[0] = 0;
  apus_pool_run(pool, blocks, count_task, &job);
  for (ptrdiff_t i = 0; i < blocks; i++) starts[i + 1] += starts[i];
  if (starts[blocks] == found && found > 0) apus_pool_run(pool, blocks, find_task, &job);
}
