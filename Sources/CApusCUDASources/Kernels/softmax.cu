// Softmax, or its logarithm, over the last axis, statistics in FP32. The row stays in registers.
//
// Prologue: IN_TYPE OUT_TYPE ROWS COLUMNS LOG VECTOR (divides COLUMNS) THREADS (a row; a power of two up to 1024)
// BLOCK_ROWS (rows a block). ceil(COLUMNS / (THREADS * VECTOR)) * VECTOR values a thread: at most 64.
// grid ceil(ROWS / BLOCK_ROWS), block THREADS * BLOCK_ROWS.
#include "common.cuh"
#include "rows.cuh"

constexpr int PIECES = (COLUMNS + THREADS * VECTOR - 1) / (THREADS * VECTOR);
constexpr float LOWEST = -3.402823466e38f;

extern "C" __global__ void __launch_bounds__(THREADS *BLOCK_ROWS)
    softmax(const IN_TYPE::Store *__restrict__ input, OUT_TYPE::Store *__restrict__ output) {
  __shared__ float scratch[BLOCK_ROWS][32];
  allowSuccessor();
  waitForPredecessor();
  const int thread = threadIdx.x % THREADS, group = threadIdx.x / THREADS;
  const long long row = (long long)blockIdx.x * BLOCK_ROWS + group;
  const bool live = row < ROWS;
  float x[PIECES][VECTOR], top = LOWEST, sum = 0.0f;
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) x[p][v] = LOWEST;
    if (live && c < COLUMNS) loadVector<IN_TYPE, VECTOR>(x[p], input + row * COLUMNS + c);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) top = fmaxf(top, x[p][v]);
  }
  top = reduceRow<true, THREADS>(top, scratch[group]);
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) {
      x[p][v] -= top;
      const float e = __expf(x[p][v]);
      if (c < COLUMNS) sum += e;
      if (!LOG) x[p][v] = e;
    }
  }
  sum = reduceRow<false, THREADS>(sum, scratch[group]);
  const float scale = LOG ? logf(sum) : 1.0f / sum;
#pragma unroll
  for (int p = 0; p < PIECES; p++) {
    const int c = (p * THREADS + thread) * VECTOR;
    if (!live || c >= COLUMNS) continue;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) x[p][v] = LOG ? x[p][v] - scale : x[p][v] * scale;
    storeVector<OUT_TYPE, VECTOR>(output + row * COLUMNS + c, x[p]);
  }
}
