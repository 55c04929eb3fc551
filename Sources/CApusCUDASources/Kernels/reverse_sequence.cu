// The first elements along a time axis in reverse, as many as the batch's length says; the others stay.
//
// Prologue: SIZE (bytes an element) BATCH BATCH_STRIDE TIME TIME_STRIDE ITEMS THREADS. grid ceil(ITEMS / THREADS), block
// THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    reverse_sequence(const Raw<SIZE>::T *__restrict__ input, const long long *__restrict__ lengths,
                     Raw<SIZE>::T *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long length = min(max(lengths[i / BATCH_STRIDE % BATCH], 0ll), (long long)TIME);
  const long long step = i / TIME_STRIDE % TIME;
  output[i] = input[step < length ? i + (length - 1 - 2 * step) * TIME_STRIDE : i];
}
