// [BATCH][ROWS][COLUMNS] to [BATCH][COLUMNS][ROWS] with a change of element type on the way: NCHW to NHWC and back.
// OUT_STRIDE elements lie from one output row to the next (ROWS, or more where channels are padded: the rest is zeroed).
//
// Prologue: IN_TYPE OUT_TYPE ROWS COLUMNS OUT_STRIDE.
// grid (ceil(COLUMNS / 32), ceil(OUT_STRIDE / 32), BATCH), block (32, 8).
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(256)
    transpose(const IN_TYPE::Store *__restrict__ input, OUT_TYPE::Store *__restrict__ output) {
  __shared__ float tile[32][33];
  allowSuccessor();
  waitForPredecessor();
  const int column0 = blockIdx.x * 32, row0 = blockIdx.y * 32;
  input += (long long)blockIdx.z * ROWS * COLUMNS;
  output += (long long)blockIdx.z * COLUMNS * OUT_STRIDE;
#pragma unroll
  for (int i = threadIdx.y; i < 32; i += 8) {
    const int r = row0 + i, c = column0 + threadIdx.x;
    tile[i][threadIdx.x] = r < ROWS && c < COLUMNS ? IN_TYPE::load(input[(long long)r * COLUMNS + c]) : 0.0f;
  }
  __syncthreads();
#pragma unroll
  for (int i = threadIdx.y; i < 32; i += 8) {
    const int r = row0 + threadIdx.x, c = column0 + i;
    if (r < OUT_STRIDE && c < COLUMNS) output[(long long)c * OUT_STRIDE + r] = OUT_TYPE::store(tile[threadIdx.x][i]);
  }
}
