#ifndef APUS_INDICES_H
#define APUS_INDICES_H
#include "../include/apus_indexing.h"
#include "levels.h"

/// Index `at` of a dense I32 or I64 tensor.
static inline int64_t apus_index(const void *indices, apus_dtype type, ptrdiff_t at) {
  if (type == APUS_I64) {
    int64_t value;
    memcpy(&value, (const char *)indices + at * 8, 8);
    return value;
  }
  int32_t value;
  memcpy(&value, (const char *)indices + at * 4, 4);
  return value;
}

/// Counted from the start; -1 when it is outside.
static inline ptrdiff_t apus_index_within(int64_t index, ptrdiff_t extent) {
  if (index < 0) index += extent;
  return index >= 0 && index < extent ? (ptrdiff_t)index : -1;
}

/// Keeps the position of one index that is outside; any thread may.
static inline void apus_index_refuse(ptrdiff_t *bad, ptrdiff_t at) {
  __atomic_store_n(bad, at, __ATOMIC_RELAXED);
}

/// Copies `bytes` by all threads; nothing where both are the same.
void apus_copy_bytes(const void *from, void *to, ptrdiff_t bytes, apus_pool *pool);

/// Joins `n` dense updates with dense elements.
void apus_scatter_span(apus_scatter op, apus_dtype type, ptrdiff_t element_bytes, void *to, const void *updates, ptrdiff_t n);

/// Joins update `k` with the element at `offsets[k]`, for `n` of them in order.
void apus_scatter_at(
    apus_scatter op, apus_dtype type, ptrdiff_t element_bytes, void *to, const ptrdiff_t *offsets, const void *updates,
    ptrdiff_t n);
#endif
