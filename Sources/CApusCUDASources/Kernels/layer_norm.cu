// LayerNorm or RMSNorm over the last axis, statistics in FP32 and in two passes over registers; optionally of the sum of
// two tensors, which may be stored too.
//
// Prologue: IN_TYPE OUT_TYPE ROWS COLUMNS RMS (1: no mean) EPSILON SCALE BIAS (1: there is one, floats) RESIDUAL (1: input +
// residual) STORE_SUM (1: the sum is stored, in IN_TYPE) ACTIVATION ALPHA BETA VECTOR THREADS BLOCK_ROWS as in softmax.
// grid ceil(ROWS / BLOCK_ROWS), block THREADS * BLOCK_ROWS.
#include "common.cuh"
#include "activation.cuh"
#include "rows.cuh"

constexpr int PIECES = (COLUMNS + THREADS * VECTOR - 1) / (THREADS * VECTOR);

extern "C" __global__ void __launch_bounds__(THREADS *BLOCK_ROWS)
    layer_norm(const IN_TYPE::Store *__restrict__ input, const IN_TYPE::Store *__restrict__ residual,
               const float *__restrict__ scale, const float *__restrict__ bias, OUT_TYPE::Store *__restrict__ output,
               IN_TYPE::Store *__restrict__ total) {
  __shared__ float scratch[BLOCK_ROWS][32];
  allowSuccessor();
  const int thread = threadIdx.x % THREADS, group = threadIdx.x / THREADS;
  const long long row = (long long)blockIdx.x * BLOCK_ROWS + group;
  const bool live = row < ROWS;
  waitForPredecessor();
  float x[PIECES][VECTOR], sum = 0.0f, squares = 0.0f;
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) x[p][v] = 0.0f;
    if (!live || c >= COLUMNS) continue;
    loadVector<IN_TYPE, VECTOR>(x[p], input + row * COLUMNS + c);
    if (RESIDUAL) {
      float r[VECTOR];
      loadVector<IN_TYPE, VECTOR>(r, residual + row * COLUMNS + c);
#pragma unroll
      for (int v = 0; v < VECTOR; v++) x[p][v] += r[v];
      if (STORE_SUM) storeVector<IN_TYPE, VECTOR>(total + row * COLUMNS + c, x[p]);
    }
#pragma unroll
    for (int v = 0; v < VECTOR; v++) sum += x[p][v];
  }
  const float mean = RMS ? 0.0f : reduceRow<false, THREADS>(sum, scratch[group]) * (1.0f / COLUMNS);
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) {
      x[p][v] -= mean;
      if (c < COLUMNS) squares = fmaf(x[p][v], x[p][v], squares);
    }
  }
  squares = reduceRow<false, THREADS>(squares, scratch[group]);
  const float factor = 1.0f / sqrtf(squares * (1.0f / COLUMNS) + EPSILON);
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
    if (!live || c >= COLUMNS) continue;
    float s[VECTOR], b[VECTOR];
    if (SCALE) loadVector<F32, VECTOR>(s, scale + c);
    if (BIAS) loadVector<F32, VECTOR>(b, bias + c);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) {
      float y = x[p][v] * factor;
      if (SCALE) y *= s[v];
      if (BIAS) y += b[v];
      x[p][v] = activate<ACTIVATION>(y, ALPHA, BETA);
    }
    storeVector<OUT_TYPE, VECTOR>(output + row * COLUMNS + c, x[p]);
  }
}
