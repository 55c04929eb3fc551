#ifndef APUS_ORDER_H
#define APUS_ORDER_H
#include <stdbool.h>
#include <stddef.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Lines of `size` elements along one axis of a dense tensor, with `outer` before and `inner` behind it.
typedef struct apus_lines {
  ptrdiff_t outer, size, inner;
  apus_dtype type;
} apus_lines;

/// Whether elements of a type can be put in order: every type but F16.
bool apus_order_takes(apus_dtype type);

/// Bytes of workspace (align to 64) with at most `threads` threads.
size_t apus_topk_workspace_bytes(const apus_lines *lines, int32_t threads);

/// The `k` (at most `size`) largest or smallest elements of each line, in order, and their I64 places. Of equal
/// ones the first comes first; NaN is larger than everything. Either output may be NULL.
void apus_topk(
    const apus_lines *lines, ptrdiff_t k, bool largest, const void *in, void *values, int64_t *places,
    void *workspace, apus_pool *pool);

/// The place of the largest or smallest element of each line, [outer, inner]; the first or the last of equal ones.
/// NaN wins. Lines have at least one element.
void apus_arg_extreme(
    const apus_lines *lines, bool largest, bool last, const void *in, int64_t *places, apus_pool *pool);

/// Whether running totals of a type have a kernel: F32 (summed in F64), F64, I32 and I64.
bool apus_cumulate_takes(apus_dtype type);

/// Running sums (or products) of each line, with or without the element itself, from the start or from the end.
void apus_cumulate(
    const apus_lines *lines, bool product, bool exclusive, bool reverse, const void *in, void *out, apus_pool *pool);
#endif
