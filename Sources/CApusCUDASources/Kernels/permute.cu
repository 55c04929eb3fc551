// Any permutation, slice or broadcast of up to six axes: output element (i0 ... i5) is the input element at
// OFFSET + sum of i * stride. Elements are moved as they are.
//
// Prologue: SIZE (bytes an element: 1 2 4 8 16) EXTENTS (six, comma-separated, outermost first, ones in front) STRIDES (six, in
// elements) OFFSET COUNT THREADS, and where the output is a part of a tensor OUT_STRIDES and OUT_OFFSET. ZERO 1: zeros
// are written instead. grid ceil(COUNT / THREADS), block THREADS.
#include "common.cuh"

#ifndef ZERO
#define ZERO 0
#endif

extern "C" __global__ void __launch_bounds__(THREADS)
    permute(const Raw<SIZE>::T *__restrict__ input, Raw<SIZE>::T *__restrict__ output) {
  constexpr int extents[6] = {EXTENTS};
  constexpr long long strides[6] = {STRIDES};
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= COUNT) return;
  u32 rest = (u32)i;
  long long at = OFFSET;
#ifdef OUT_STRIDES
  constexpr long long outStrides[6] = {OUT_STRIDES};
  long long to = OUT_OFFSET;
#else
  const long long to = i;
#endif
#pragma unroll
  for (int d = 5; d >= 0; d--) {
    at += rest % extents[d] * strides[d];
#ifdef OUT_STRIDES
    to += rest % extents[d] * outStrides[d];
#endif
    rest /= extents[d];
  }
  if (ZERO) {
    Raw<SIZE>::T zero = {};
    output[to] = zero;
  } else {
    output[to] = input[at];
  }
}
