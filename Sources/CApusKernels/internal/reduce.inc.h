// Reductions for the level being compiled.
#include "math.inc.h"

INLINE vf FN(reduce_start)(const apus_reduction op) {
  switch (op) {
  case APUS_REDUCE_MAX: return vset(-__builtin_inff());
  case APUS_REDUCE_MIN: return vset(__builtin_inff());
  case APUS_REDUCE_PROD: return vset(1.0f);
  default: return vset(0.0f);
  }
}

/// What an element counts for. `top` is the largest element, for the sum of exponentials.
INLINE vf FN(reduce_map)(const apus_reduction op, vf x, vf top) {
  switch (op) {
  case APUS_REDUCE_L1: return (vf)((vi)x & 0x7fffffff);
  case APUS_REDUCE_L2:
  case APUS_REDUCE_SUM_SQUARE: return x * x;
  case APUS_REDUCE_LOG_SUM_EXP: return vexp(x - top);
  default: return x;
  }
}

INLINE vf FN(reduce_join)(const apus_reduction op, vf a, vf b) {
  switch (op) {
  case APUS_REDUCE_MAX: return vselect(a != a, a, vmax(a, b));
  case APUS_REDUCE_MIN: return vselect(a != a, a, vmin(a, b));
  case APUS_REDUCE_PROD: return a * b;
  default: return a + b;
  }
}

INLINE vf FN(reduce_end)(const apus_reduction op, vf x, float count, vf top) {
  switch (op) {
  case APUS_REDUCE_MEAN: return x / count;
  case APUS_REDUCE_L2: return vsqrt(x);
  case APUS_REDUCE_LOG_SUM: return vlog(x);
  case APUS_REDUCE_LOG_SUM_EXP: return vlog(x) + top;
  default: return x;
  }
}

/// Joins the lanes.
INLINE float FN(reduce_lanes)(const apus_reduction op, vf v) {
  float lanes[2 * APUS_LANES];
  vstore(lanes, v);
  for (int width = APUS_LANES / 2; width > 0; width /= 2) {
    // Only the lanes below `width` matter from here on.
    vstore(lanes + APUS_LANES, vload(lanes));
    vstore(lanes, FN(reduce_join)(op, vload(lanes), vload(lanes + width)));
  }
  return lanes[0];
}

/// Lanes at and beyond `n` replaced by the start value.
INLINE vf FN(reduce_tail)(const apus_reduction op, vf v, ptrdiff_t n) {
  float lanes[APUS_LANES], starts[APUS_LANES];
  vstore(lanes, v);
  vstore(starts, FN(reduce_start)(op));
  for (ptrdiff_t k = n; k < APUS_LANES; k++) lanes[k] = starts[k];
  return vload(lanes);
}

/// A contiguous row, over `op` with the largest element known.
INLINE float FN(reduce_span)(const apus_reduction op, const reduce_job *job, ptrdiff_t at, vf top) {
  const apus_dtype type = job->reduce->in_type;
  const ptrdiff_t n = job->reduce->count;
  vf sums[4];
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) sums[k] = FN(reduce_start)(op);
  ptrdiff_t i = 0;
  for (; i + 4 * APUS_LANES <= n; i += 4 * APUS_LANES) {
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      const vf x = vload_as(job->in, type, at + i + k * APUS_LANES, APUS_LANES);
      sums[k] = FN(reduce_join)(op, sums[k], FN(reduce_map)(op, x, top));
    }
  }
  for (; i < n; i += APUS_LANES) {
    vf x = FN(reduce_map)(op, vload_as(job->in, type, at + i, n - i), top);
    if (n - i < APUS_LANES) x = FN(reduce_tail)(op, x, n - i);
    sums[0] = FN(reduce_join)(op, sums[0], x);
  }
  sums[0] = FN(reduce_join)(op, sums[0], sums[1]);
  sums[2] = FN(reduce_join)(op, sums[2], sums[3]);
  return FN(reduce_lanes)(op, FN(reduce_join)(op, sums[0], sums[2]));
}

/// One vector of columns. Long sums are joined from short ones, which keeps them accurate.
INLINE vf FN(reduce_columns)(const apus_reduction op, const reduce_job *job, ptrdiff_t at, ptrdiff_t n, vf top) {
  const apus_reduce *r = job->reduce;
  vf total = FN(reduce_start)(op);
  for (ptrdiff_t i0 = 0; i0 < r->count; i0 += 128) {
    const ptrdiff_t i1 = apus_min(r->count, i0 + 128);
    vf part = FN(reduce_start)(op);
    for (ptrdiff_t i = i0; i < i1; i++) {
      const vf x = vload_as(job->in, r->in_type, at + i * r->inner, n);
      part = FN(reduce_join)(op, part, FN(reduce_map)(op, x, top));
    }
    total = FN(reduce_join)(op, total, part);
  }
  return total;
}

/// A largest element that can be subtracted: infinities would give NaN.
INLINE vf FN(reduce_finite)(vf top) {
  return vselect((top - top) == 0.0f, top, vselect(top != top, top, vset(0.0f)));
}

INLINE void FN(reduce_part)(const apus_reduction op, const reduce_job *job, ptrdiff_t task) {
  const apus_reduce *r = job->reduce;
  vf top = vset(0.0f);
  if (r->inner == 1) {
    const ptrdiff_t end = apus_min(r->outer, (task + 1) * job->block);
    for (ptrdiff_t row = task * job->block; row < end; row++) {
      if (op == APUS_REDUCE_LOG_SUM_EXP)
        top = FN(reduce_finite)(vset(FN(reduce_span)(APUS_REDUCE_MAX, job, row * r->count, top)));
      const vf sum = vset(FN(reduce_span)(op, job, row * r->count, top));
      vstore_as(job->out, r->out_type, row, 1, FN(reduce_end)(op, sum, (float)r->count, top));
    }
    return;
  }
  const ptrdiff_t blocks = apus_ceil_div(r->inner, job->block), first = task % blocks * job->block;
  const ptrdiff_t row = task / blocks, end = apus_min(r->inner, first + job->block);
  for (ptrdiff_t j = first; j < end; j += APUS_LANES) {
    const ptrdiff_t at = row * r->count * r->inner + j;
    if (op == APUS_REDUCE_LOG_SUM_EXP)
      top = FN(reduce_finite)(FN(reduce_columns)(APUS_REDUCE_MAX, job, at, end - j, top));
    const vf sum = FN(reduce_columns)(op, job, at, end - j, top);
    vstore_as(job->out, r->out_type, row * r->inner + j, end - j, FN(reduce_end)(op, sum, (float)r->count, top));
  }
}

#define REDUCE_CASE(OP) \
  case OP: FN(reduce_part)(OP, context, task); break;

static void FN(reduce_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  switch (((const reduce_job *)context)->reduce->op) {
    REDUCE_CASE(APUS_REDUCE_SUM)
    REDUCE_CASE(APUS_REDUCE_MEAN)
    REDUCE_CASE(APUS_REDUCE_MAX)
    REDUCE_CASE(APUS_REDUCE_MIN)
    REDUCE_CASE(APUS_REDUCE_PROD)
    REDUCE_CASE(APUS_REDUCE_L1)
    REDUCE_CASE(APUS_REDUCE_L2)
    REDUCE_CASE(APUS_REDUCE_SUM_SQUARE)
    REDUCE_CASE(APUS_REDUCE_LOG_SUM)
    REDUCE_CASE(APUS_REDUCE_LOG_SUM_EXP)
  }
}
#undef REDUCE_CASE
