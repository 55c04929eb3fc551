#include "internal/indices.h"

typedef struct one_hot_job {
  ptrdiff_t outer, depth, inner, bytes, block;
  apus_dtype index_type;
  const void *indices;
  const char *values;
  char *out;
} one_hot_job;

#define DEFINE_FILL(NAME, TYPE)                                           \
  static void NAME(char *to, const char *value, ptrdiff_t n) {            \
    TYPE element;                                                         \
    memcpy(&element, value, sizeof element);                              \
    for (ptrdiff_t k = 0; k < n; k++) ((TYPE *)to)[k] = element;          \
  }
DEFINE_FILL(fill_1, uint8_t)
DEFINE_FILL(fill_2, uint16_t)
DEFINE_FILL(fill_4, uint32_t)
DEFINE_FILL(fill_8, uint64_t)

static void fill(char *to, const char *value, ptrdiff_t n, ptrdiff_t bytes) {
  switch (bytes) {
  case 1: fill_1(to, value, n); break;
  case 2: fill_2(to, value, n); break;
  case 4: fill_4(to, value, n); break;
  case 8: fill_8(to, value, n); break;
  default:
    for (ptrdiff_t k = 0; k < n; k++) memcpy(to + k * bytes, value, (size_t)bytes);
  }
}

static void one_hot_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const one_hot_job *job = context;
  const ptrdiff_t end = apus_min(job->outer, (task + 1) * job->block), bytes = job->bytes;
  for (ptrdiff_t row = task * job->block; row < end; row++) {
    char *to = job->out + row * job->depth * job->inner * bytes;
    fill(to, job->values, job->depth * job->inner, bytes);
    for (ptrdiff_t j = 0; j < job->inner; j++) {
      const int64_t given = apus_index(job->indices, job->index_type, row * job->inner + j);
      const ptrdiff_t index = apus_index_within(given, job->depth);
      if (index >= 0) memcpy(to + (index * job->inner + j) * bytes, job->values + bytes, (size_t)bytes);
    }
  }
}

void apus_one_hot(
    ptrdiff_t outer, ptrdiff_t depth, ptrdiff_t inner, int32_t element_bytes, apus_dtype index_type,
    const void *indices, const void *values, void *out, apus_pool *pool) {
  one_hot_job job = {outer, depth, inner, element_bytes, 1, index_type, indices, values, out};
  job.block = apus_max(1, 16384 / apus_max(1, depth * inner));
  apus_pool_run(pool, apus_ceil_div(outer, job.block), one_hot_task, &job);
}
