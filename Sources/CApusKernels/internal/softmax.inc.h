// Softmax for the level being compiled.
#include "math.inc.h"

/// One contiguous row.
static void FN(softmax_row)(const apus_softmax *s, const void *in, void *out, ptrdiff_t at) {
  const ptrdiff_t n = s->count;
  const float inf = __builtin_inff();
  vf largest = vset(-inf);
  for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
    const vf x = vload_as(in, s->in_type, at + i, n - i);
    if (n - i >= APUS_LANES) {
      largest = vmax(largest, x);
      continue;
    }
    float lanes[APUS_LANES];
    vstore(lanes, x);
    for (ptrdiff_t k = n - i; k < APUS_LANES; k++) lanes[k] = -inf;
    largest = vmax(largest, vload(lanes));
  }
  float top = vhmax(largest);
  // A row of -infinity has no distribution: NaN, as exp(-inf - -inf) gives.
  vf sums = vset(0.0f);
  for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
    const vf e = vexp_flushed(vload_as(in, s->in_type, at + i, n - i) - top);
    if (n - i >= APUS_LANES) {
      sums += e;
      continue;
    }
    float lanes[APUS_LANES];
    vstore(lanes, e);
    for (ptrdiff_t k = n - i; k < APUS_LANES; k++) lanes[k] = 0;
    sums += vload(lanes);
  }
  const float sum = vsum(sums);
  if (s->logarithm) {
    const float shift = top + logf(sum);
    for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
      // The largest is taken off first: it may be much larger than the logarithm.
      const vf x = vload_as(in, s->in_type, at + i, n - i);
      vstore_as(out, s->out_type, at + i, n - i, (x - top) - (shift - top));
    }
    return;
  }
  const float scale = 1.0f / sum;
  for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
    const vf e = vexp_flushed(vload_as(in, s->in_type, at + i, n - i) - top);
    vstore_as(out, s->out_type, at + i, n - i, e * scale);
  }
}

/// The columns of one vector: `n` lanes, `inner` elements between entries.
static void FN(softmax_columns)(
    const apus_softmax *s, const void *in, void *out, ptrdiff_t at, ptrdiff_t n) {
  vf top = vset(-__builtin_inff()), sum = vset(0.0f);
  for (ptrdiff_t i = 0; i < s->count; i++) top = vmax(top, vload_as(in, s->in_type, at + i * s->inner, n));
  for (ptrdiff_t i = 0; i < s->count; i++) sum += vexp_flushed(vload_as(in, s->in_type, at + i * s->inner, n) - top);
  const vf scale = 1.0f / sum, shift = vlog(sum);
  for (ptrdiff_t i = 0; i < s->count; i++) {
    const vf x = vload_as(in, s->in_type, at + i * s->inner, n) - top;
    vstore_as(out, s->out_type, at + i * s->inner, n, s->logarithm ? x - shift : vexp_flushed(x) * scale);
  }
}

static void FN(softmax_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const softmax_job *job = context;
  const apus_softmax *s = job->softmax;
  if (s->inner == 1) {
    const ptrdiff_t end = apus_min(s->outer, (task + 1) * job->block);
    for (ptrdiff_t row = task * job->block; row < end; row++)
      FN(softmax_row)(s, job->in, job->out, row * s->count);
    return;
  }
  const ptrdiff_t blocks = apus_ceil_div(s->inner, job->block), first = task % blocks * job->block;
  const ptrdiff_t start = task / blocks * s->count * s->inner, end = apus_min(s->inner, first + job->block);
  for (ptrdiff_t j = first; j < end; j += APUS_LANES)
    FN(softmax_columns)(s, job->in, job->out, start + j, end - j);
}
