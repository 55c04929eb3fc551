// Reductions over one row of values by N threads each, of which a block may have several groups.
#pragma once

/// Sum or maximum over the N threads of a row; every thread gets it. `scratch` has 32 floats for each row.
template <bool MAXIMUM, int N> __device__ inline float reduceRow(float x, float *scratch) {
  if (N >= 32) {
    x = MAXIMUM ? warpMax(x) : warpSum(x);
  } else {
#pragma unroll
    for (int i = N / 2; i > 0; i >>= 1) {
      const float y = __shfl_xor_sync(0xffffffffu, x, i);
      x = MAXIMUM ? fmaxf(x, y) : x + y;
    }
  }
  if (N <= 32) return x;
  const int thread = threadIdx.x % N;
  __syncthreads();
  if (thread % 32 == 0) scratch[thread / 32] = x;
  __syncthreads();
  float total = scratch[0];
#pragma unroll
  for (int i = 1; i < N / 32; i++) total = MAXIMUM ? fmaxf(total, scratch[i]) : total + scratch[i];
  return total;
}
