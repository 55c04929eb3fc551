// Reduction over any axes of a row-major tensor, LANES threads an element of the output.
//
// Prologue: IN OUT (`Element_…`) SUMS (type of the accumulator) KIND (0 sum, 1 mean, 2 max, 3 min, 4 product, 5 L1, 6 L2,
// 7 logarithm of the sum, 8 logarithm of the sum of exponentials, 9 sum of squares) START (result of no element) ITEMS
// (elements of the output) KEPT KEPT_STRIDES (extents and strides of the axes that stay) COUNT (elements that become one)
// REDUCED REDUCED_STRIDES LANES THREADS (LANES or, with one lane, any). grid ITEMS, or ceil(ITEMS / THREADS).
#include "elements.cuh"

typedef SUMS Sum;

__device__ inline Sum combine(Sum a, Sum b) {
  if (KIND == 2) return a != a || a > b ? a : b;
  if (KIND == 3) return a != a || a < b ? a : b;
  return KIND == 4 ? a * b : a + b;
}

__device__ inline Sum prepared(Sum x) {
  if (KIND == 5) return x < 0 ? -x : x;
  return KIND == 6 || KIND == 9 ? x * x : x;
}

__device__ inline Sum finished(Sum x) {
  if (KIND == 1) return x / (Sum)COUNT;
  if (KIND == 6) return (Sum)sqrt((double)x);
  return KIND == 7 ? (Sum)log((double)x) : x;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    reduce(const IN::Store *__restrict__ input, OUT::Store *__restrict__ output) {
  constexpr long long kept[] = {KEPT}, keptStrides[] = {KEPT_STRIDES};
  constexpr long long reduced[] = {REDUCED}, reducedStrides[] = {REDUCED_STRIDES};
  __shared__ Sum scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = LANES == 1 ? blockIdx.x * (long long)THREADS + threadIdx.x : blockIdx.x;
  if (item >= ITEMS) return;
  const int lane = LANES == 1 ? 0 : threadIdx.x;
  const long long base = offsetOf(item, kept, keptStrides);
  Sum top = 0;
  if (KIND == 8) {
    top = (Sum)__int_as_float(0xff800000);
    for (long long i = lane; i < COUNT; i += LANES) {
      const Sum x = (Sum)IN::load(input, base + offsetOf(i, reduced, reducedStrides));
      top = top != top || top > x ? top : x;
    }
    top = reduceBlock<LANES>(top, scratch, [](Sum a, Sum b) { return a != a || a > b ? a : b; });
    // Infinities and what is no number stay what they are.
    if (top - top != 0) {
      if (lane == 0) OUT::put(output, item, Conversion<OUT, Sum>::of(top));
      return;
    }
  }
  Sum sum = START;
  for (long long i = lane; i < COUNT; i += LANES) {
    const Sum x = (Sum)IN::load(input, base + offsetOf(i, reduced, reducedStrides));
    sum = combine(sum, KIND == 8 ? (Sum)exp((double)(x - top)) : prepared(x));
  }
  sum = reduceBlock<LANES>(sum, scratch, combine);
  if (lane != 0) return;
  OUT::put(output, item, Conversion<OUT, Sum>::of(KIND == 8 ? top + (Sum)log((double)sum) : finished(sum)));
}
