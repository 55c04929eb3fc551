// A matrix with ones on one diagonal.
//
// Prologue: OUT (`Element_…`) COLUMNS SHIFT (how far the diagonal lies above the main one) ITEMS THREADS.
// grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) eye_like(OUT::Store *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i < ITEMS) OUT::put(output, i, i % COLUMNS - i / COLUMNS == SHIFT ? 1 : 0);
}
