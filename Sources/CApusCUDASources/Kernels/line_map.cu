// Lines along one axis of a row-major tensor mapped to lines, LANES threads a line, statistics in SUMS.
//
// Prologue: IN OUT (`Element_…`) SUMS (float or double) KIND (0 softmax, 1 its logarithm, 2 one at the first largest and zero
// elsewhere, 3 division by the sum of magnitudes, 4 by the root of the sum of squares) ITEMS (lines) SIZE INNER (elements
// from one of a line to the next) LANES THREADS. grid ITEMS, or ceil(ITEMS / THREADS) with one lane. Input and output may
// be the same.
#include "elements.cuh"

typedef SUMS Sum;

struct Peak {
  Sum value;
  long long place;
};

extern "C" __global__ void __launch_bounds__(THREADS) line_map(const IN::Store *input, OUT::Store *output) {
  __shared__ Peak peaks[THREADS];
  __shared__ double scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = LANES == 1 ? blockIdx.x * (long long)THREADS + threadIdx.x : blockIdx.x;
  if (item >= ITEMS) return;
  const int lane = LANES == 1 ? 0 : threadIdx.x;
  const long long base = item / INNER * SIZE * INNER + item % INNER;
  Peak peak = {0, 0};
  if (KIND < 3) {
    const long long first = lane < SIZE ? lane : 0;
    peak = {(Sum)IN::load(input, base + first * INNER), first};
    for (long long i = lane + LANES; i < SIZE; i += LANES) {
      const Sum x = (Sum)IN::load(input, base + i * INNER);
      if (x > peak.value) peak = {x, i};
    }
    peak = reduceBlock<LANES>(peak, peaks, [](Peak a, Peak b) {
      return b.value > a.value || (b.value == a.value && b.place < a.place) ? b : a;
    });
  }
  double sum = 0;
  for (long long i = lane; KIND != 2 && i < SIZE; i += LANES) {
    const Sum x = (Sum)IN::load(input, base + i * INNER);
    sum += KIND < 2 ? (double)exp(x - peak.value) : KIND == 3 ? (double)(x < 0 ? -x : x) : (double)x * (double)x;
  }
  sum = reduceBlock<LANES>(sum, scratch, [](double a, double b) { return a + b; });
  const Sum norm = (Sum)(KIND == 1 ? log(sum) : KIND == 4 ? sqrt(sum) : sum);
  for (long long i = lane; i < SIZE; i += LANES) {
    const Sum x = (Sum)IN::load(input, base + i * INNER);
    Sum y;
    if (KIND == 0) y = exp(x - peak.value) / norm;
    else if (KIND == 1) y = x - peak.value - norm;
    else if (KIND == 2) y = i == peak.place ? 1 : 0;
    else y = norm == 0 ? 0 : x / norm;
    OUT::put(output, base + i * INNER, Conversion<OUT, Sum>::of(y));
  }
}
