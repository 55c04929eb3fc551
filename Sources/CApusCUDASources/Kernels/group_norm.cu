// GroupNorm and InstanceNorm in NHWC, statistics in FP32: one block for each image and group, three passes over its data.
//
// Prologue: IN_TYPE OUT_TYPE PIXELS CHANNELS GROUPS EPSILON SCALE BIAS ACTIVATION ALPHA BETA VECTOR (divides
// CHANNELS / GROUPS) THREADS. grid (GROUPS, images), block THREADS.
#include "common.cuh"
#include "activation.cuh"
#include "rows.cuh"

constexpr int WIDTH = CHANNELS / GROUPS, ACROSS = WIDTH / VECTOR, COUNT = PIXELS * ACROSS;

extern "C" __global__ void __launch_bounds__(THREADS)
    group_norm(const IN_TYPE::Store *__restrict__ input, const float *__restrict__ scale, const float *__restrict__ bias,
               OUT_TYPE::Store *__restrict__ output) {
  __shared__ float scratch[32];
  allowSuccessor();
  waitForPredecessor();
  const long long base = (long long)blockIdx.y * PIXELS * CHANNELS + blockIdx.x * WIDTH;
  float sum = 0.0f, squares = 0.0f;
#pragma unroll 4
  for (int i = threadIdx.x; i < COUNT; i += THREADS) {
    float x[VECTOR];
    loadVector<IN_TYPE, VECTOR>(x, input + base + (long long)(i / ACROSS) * CHANNELS + i % ACROSS * VECTOR);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) sum += x[v];
  }
  const float mean = reduceRow<false, THREADS>(sum, scratch) / (PIXELS * WIDTH);
#pragma unroll 4
  for (int i = threadIdx.x; i < COUNT; i += THREADS) {
    float x[VECTOR];
    loadVector<IN_TYPE, VECTOR>(x, input + base + (long long)(i / ACROSS) * CHANNELS + i % ACROSS * VECTOR);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) squares = fmaf(x[v] - mean, x[v] - mean, squares);
  }
  const float factor = 1.0f / sqrtf(reduceRow<false, THREADS>(squares, scratch) / (PIXELS * WIDTH) + EPSILON);
  for (int i = threadIdx.x; i < COUNT; i += THREADS) {
    const int c = blockIdx.x * WIDTH + i % ACROSS * VECTOR;
    const long long at = base + (long long)(i / ACROSS) * CHANNELS + i % ACROSS * VECTOR;
    float x[VECTOR];
    loadVector<IN_TYPE, VECTOR>(x, input + at);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) {
      float y = (x[v] - mean) * factor;
      if (SCALE) y *= scale[c + v];
      if (BIAS) y += bias[c + v];
      x[v] = activate<ACTIVATION>(y, ALPHA, BETA);
    }
    storeVector<OUT_TYPE, VECTOR>(output + at, x);
  }
}
