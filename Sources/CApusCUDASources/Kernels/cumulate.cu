// Running sums or products along one axis; a thread walks one line.
//
// Prologue: IN (`Element_…`) SUMS (type of the total) PRODUCT EXCLUSIVE REVERSE SIZE INNER ITEMS (lines) THREADS.
// grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    cumulate(const IN::Store *__restrict__ input, IN::Store *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long line = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (line >= ITEMS) return;
  const long long base = line / INNER * SIZE * INNER + line % INNER;
  SUMS total = PRODUCT;
  for (long long step = 0; step < SIZE; step++) {
    const long long at = base + (REVERSE ? SIZE - 1 - step : step) * INNER;
    const SUMS x = (SUMS)IN::load(input, at), next = PRODUCT ? total * x : total + x;
    IN::put(output, at, Conversion<IN, SUMS>::of(EXCLUSIVE ? total : next));
    total = next;
  }
}
