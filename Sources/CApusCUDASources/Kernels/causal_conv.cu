// Depthwise convolution over the past of [batch][CHANNELS][LENGTH] with the state before it, and the state after it: a
// thread an element of either.
//
// Prologue: IN (`Element_…`) SUMS (float or double) CHANNELS LENGTH TAPS BIAS SILU ITEMS THREADS. `past` and `present` may be
// null. grid ceil(ITEMS / THREADS), block THREADS; ITEMS is batch * CHANNELS * (LENGTH + TAPS - 1).
#include "elements.cuh"

__device__ inline SUMS lineAt(const IN::Store *input, const IN::Store *past, long long row, long long place) {
  if (place >= TAPS - 1) return (SUMS)IN::load(input, row * LENGTH + place - (TAPS - 1));
  return past ? (SUMS)IN::load(past, row * (TAPS - 1) + place) : (SUMS)0;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    causal_conv(const IN::Store *__restrict__ input, const IN::Store *__restrict__ weights, const IN::Store *__restrict__ bias,
                const IN::Store *__restrict__ past, IN::Store *__restrict__ output, IN::Store *__restrict__ present) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long row = i / (LENGTH + TAPS - 1), place = i % (LENGTH + TAPS - 1), channel = row % CHANNELS;
  if (place >= LENGTH) {
    if (present) IN::put(present, row * (TAPS - 1) + place - LENGTH, (IN::Number)lineAt(input, past, row, place));
    return;
  }
  SUMS sum = BIAS ? (SUMS)IN::load(bias, channel) : (SUMS)0;
  for (int tap = 0; tap < TAPS; tap++)
    sum += lineAt(input, past, row, place + tap) * (SUMS)IN::load(weights, channel * TAPS + tap);
  if (SILU) sum = sum / ((SUMS)1 + (SUMS)exp(-sum));
  IN::put(output, row * LENGTH + place, (IN::Number)sum);
}
