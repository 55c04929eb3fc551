// Attention in its general form, a block a row of queries: scores go through memory, so that they may be of any number and
// be shown. `softmax(scale * q kT + mask) v` with several query heads a key head.
//
// Prologue: IN OUT MASKS (`Element_…`) SUMS (float or double) HEADS SHARE (query heads a key head) ROWS KEYS HEAD_SIZE VALUE_SIZE
// SCALE SOFTCAP (0: none) CAUSAL PAST (keys before the first query's own) MASK (0 none, 1 added, 2 zero hides) MASK_KEYS
// (keys behind these are hidden) MASK_STRIDES (batch, head, row, key) Q_STRIDES K_STRIDES V_STRIDES OUT_STRIDES (batch, head,
// row) SHOWN (stage of the scores: 0 products, 1 capped, 2 masked, 3 softmax) ITEMS (rows) LANES THREADS. `used` (keys in use
// of each batch) and `shown` may be null. grid ITEMS, block LANES.
#include "elements.cuh"

typedef SUMS Sum;

__device__ inline Sum dot(const IN::Store *a, long long i, const IN::Store *b, long long j) {
  Sum sum = 0;
  for (int d = 0; d < HEAD_SIZE; d++) sum += (Sum)IN::load(a, i + d) * (Sum)IN::load(b, j + d);
  return sum;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_rows(const IN::Store *__restrict__ query, const IN::Store *__restrict__ key, const IN::Store *__restrict__ value,
                   const MASKS::Store *__restrict__ mask, const long long *__restrict__ used, Sum *__restrict__ scores,
                   OUT::Store *__restrict__ shown, OUT::Store *__restrict__ output) {
  constexpr long long qs[] = {Q_STRIDES}, ks[] = {K_STRIDES}, vs[] = {V_STRIDES}, os[] = {OUT_STRIDES};
  constexpr long long ms[] = {MASK_STRIDES};
  __shared__ Sum scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = blockIdx.x;
  const long long row = item % ROWS, head = item / ROWS % HEADS, batch = item / ROWS / HEADS;
  const Sum hidden = -(Sum)__int_as_float(0x7f800000);
  const long long limit = used ? used[batch] : KEYS;
  Sum *line = scores + item * KEYS;
  OUT::Store *view = shown ? shown + item * KEYS : shown;
  Sum top = hidden;
  for (long long c = threadIdx.x; c < KEYS; c += LANES) {
    Sum x = dot(query, batch * qs[0] + head * qs[1] + row * qs[2], key,
                batch * ks[0] + head / SHARE * ks[1] + c * ks[2]) * (Sum)(SCALE);
    if (view && SHOWN == 0) OUT::put(view, c, (OUT::Number)x);
    if ((SOFTCAP) > 0) x = (Sum)(SOFTCAP) * (Sum)tanh(x / (Sum)(SOFTCAP));
    if (view && SHOWN == 1) OUT::put(view, c, (OUT::Number)x);
    if (MASK != 0) {
      const long long at = batch * ms[0] + head * ms[1] + row * ms[2] + c * ms[3];
      if (c >= MASK_KEYS) x = hidden;
      else if (MASK == 1) x += (Sum)MASKS::load(mask, at);
      else if (MASKS::load(mask, at) == 0) x = hidden;
    }
    if (c >= limit || (CAUSAL && c > row + PAST)) x = hidden;
    if (view && SHOWN == 2) OUT::put(view, c, (OUT::Number)x);
    line[c] = x;
    top = x > top ? x : top;
  }
  top = reduceBlock<LANES>(top, scratch, [](Sum a, Sum b) { return a > b ? a : b; });
  Sum sum = 0;
  for (long long c = threadIdx.x; c < KEYS; c += LANES) {
    const Sum x = (Sum)exp(line[c] - top);
    line[c] = x;
    sum += x;
  }
  sum = reduceBlock<LANES>(sum, scratch, [](Sum a, Sum b) { return a + b; });
  if (view && SHOWN == 3)
    for (long long c = threadIdx.x; c < KEYS; c += LANES) OUT::put(view, c, (OUT::Number)(line[c] / sum));
  for (int d = threadIdx.x; d < VALUE_SIZE; d += LANES) {
    const long long from = batch * vs[0] + head / SHARE * vs[1] + d;
    Sum total = 0;
    for (long long c = 0; c < KEYS; c++) {
      // What is hidden counts nothing, whatever lies there.
      if (line[c] != 0) total += line[c] / sum * (Sum)IN::load(value, from + c * vs[2]);
    }
    OUT::put(output, batch * os[0] + head * os[1] + row * os[2] + d, (OUT::Number)total);
  }
}
