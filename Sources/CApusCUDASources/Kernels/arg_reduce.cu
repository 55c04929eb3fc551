// Position of the largest or smallest element along one axis of a row-major tensor, LANES threads a line.
//
// Prologue: IN (`Element_…`) SMALLEST LAST (of equal ones the last) ITEMS (lines) SIZE INNER (elements from one of a line to
// the next) LANES THREADS. grid ITEMS, or ceil(ITEMS / THREADS) with one lane.
#include "elements.cuh"

struct Best {
  IN::Number value;
  long long place;
};

/// What is no number wins; of equals the first, or the last.
__device__ inline bool wins(Best a, Best b) {
  const bool none = a.value != a.value, other = b.value != b.value;
  if (none || other) return none && other ? (LAST ? a.place > b.place : a.place < b.place) : none;
  if (a.value == b.value) return LAST ? a.place > b.place : a.place < b.place;
  return SMALLEST ? a.value < b.value : a.value > b.value;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    arg_reduce(const IN::Store *__restrict__ input, long long *__restrict__ output) {
  __shared__ Best scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = LANES == 1 ? blockIdx.x * (long long)THREADS + threadIdx.x : blockIdx.x;
  if (item >= ITEMS) return;
  const int lane = LANES == 1 ? 0 : threadIdx.x;
  const long long base = item / INNER * SIZE * INNER + item % INNER;
  const long long first = lane < SIZE ? lane : 0;
  Best best = {IN::load(input, base + first * INNER), first};
  for (long long i = lane + LANES; i < SIZE; i += LANES) {
    const Best next = {IN::load(input, base + i * INNER), i};
    if (wins(next, best)) best = next;
  }
  best = reduceBlock<LANES>(best, scratch, [](Best a, Best b) { return wins(a, b) ? a : b; });
  if (lane == 0) output[item] = best.place;
}
