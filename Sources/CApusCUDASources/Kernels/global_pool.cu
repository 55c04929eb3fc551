// Mean or maximum of each channel over all pixels, NHWC to [IMAGES][CHANNELS].
//
// Prologue: IN_TYPE OUT_TYPE PIXELS CHANNELS IN_STRIDE MODE (0 max, 1 mean) VECTOR LANES THREADS.
// grid (ceil(CHANNELS / (LANES * VECTOR)), images), block THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    global_pool(const IN_TYPE::Store *__restrict__ input, OUT_TYPE::Store *__restrict__ output) {
  constexpr int ROWS = THREADS / LANES, WIDTH = LANES * VECTOR;
  __shared__ __align__(16) float partial[ROWS][WIDTH];
  allowSuccessor();
  waitForPredecessor();
  const int lane = threadIdx.x % LANES, row = threadIdx.x / LANES, channel = blockIdx.x * WIDTH + lane * VECTOR;
  float acc[VECTOR];
#pragma unroll
  for (int v = 0; v < VECTOR; v++) acc[v] = MODE == 0 ? __int_as_float(0xff800000) : 0.0f;
  if (channel < CHANNELS) {
    const IN_TYPE::Store *from = input + (long long)blockIdx.y * PIXELS * IN_STRIDE + channel;
#pragma unroll 4
    for (int p = row; p < PIXELS; p += ROWS) {
      float in[VECTOR];
      loadVector<IN_TYPE, VECTOR>(in, from + (long long)p * IN_STRIDE);
#pragma unroll
      for (int v = 0; v < VECTOR; v++) {
        if (MODE == 0) acc[v] = in[v] > acc[v] || in[v] != in[v] ? in[v] : acc[v];
        else acc[v] += in[v];
      }
    }
  }
  storeVector<F32, VECTOR>(&partial[row][lane * VECTOR], acc);
  __syncthreads();
  for (int c = threadIdx.x; c < WIDTH && blockIdx.x * WIDTH + c < CHANNELS; c += THREADS) {
    float total = partial[0][c];
    for (int r = 1; r < ROWS; r++) {
      const float x = partial[r][c];
      if (MODE == 0) total = x > total || x != x ? x : total;
      else total += x;
    }
    output[(long long)blockIdx.y * CHANNELS + blockIdx.x * WIDTH + c] = OUT_TYPE::store(MODE == 0 ? total : total / PIXELS);
  }
}
