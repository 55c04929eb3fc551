// Depthwise convolution in NHWC: bandwidth is all that counts. A thread keeps VECTOR channels of STRIP neighbouring
// outputs of a row; weights lie in shared memory as floats.
//
// Prologue: IN_TYPE OUT_TYPE IMAGES IN_H IN_W CHANNELS IN_STRIDE OUT_H OUT_W OUT_STRIDE KERNEL_H KERNEL_W STRIDE_H
// STRIDE_W PAD_T PAD_L DILATE_H DILATE_W BIAS ACTIVATION ALPHA BETA; weights [KERNEL_H][KERNEL_W][CHANNELS].
// SUMS 1: also writes sums[image][block y][channel], the sums of the block's outputs (for squeeze-and-excite).
// VECTOR divides CHANNELS and the strides and is at most 16 bytes wide; LANES threads run over channels.
//
// grid (ceil(CHANNELS / (LANES * VECTOR)), ceil(OUT_H * ceil(OUT_W / STRIP) / (THREADS / LANES)), IMAGES), block THREADS.
#include "common.cuh"
#include "activation.cuh"

constexpr int WIDTH = LANES * VECTOR;
constexpr int STRIPS_A_ROW = (OUT_W + STRIP - 1) / STRIP;
constexpr int STRIPS = OUT_H * STRIPS_A_ROW;
constexpr int STRIPS_A_BLOCK = THREADS / LANES;
constexpr int COLUMNS = (STRIP - 1) * STRIDE_W + (KERNEL_W - 1) * DILATE_W + 1;
constexpr int TAPS = KERNEL_H * KERNEL_W;

extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise(const IN_TYPE::Store *__restrict__ input, const IN_TYPE::Store *__restrict__ weights,
              const float *__restrict__ bias, OUT_TYPE::Store *__restrict__ output, float *__restrict__ sums) {
  __shared__ __align__(16) float filter[TAPS][WIDTH];
  __shared__ __align__(16) float partial[SUMS ? STRIPS_A_BLOCK : 1][SUMS ? WIDTH : 1];
  allowSuccessor();
  const int channel0 = blockIdx.x * WIDTH, lane = threadIdx.x % LANES, channel = channel0 + lane * VECTOR;
  for (int i = threadIdx.x; i < TAPS * WIDTH; i += THREADS) {
    const int c = channel0 + i % WIDTH;
    filter[i / WIDTH][i % WIDTH] = c < CHANNELS ? IN_TYPE::load(weights[i / WIDTH * CHANNELS + c]) : 0.0f;
  }
  const bool live = channel < CHANNELS;
  float b[VECTOR];
#pragma unroll
  for (int v = 0; v < VECTOR; v++) b[v] = BIAS && live ? bias[channel + v] : 0.0f;
  __syncthreads();
  waitForPredecessor();

  const int strip = blockIdx.y * STRIPS_A_BLOCK + threadIdx.x / LANES, image = blockIdx.z;
  const int y = strip / STRIPS_A_ROW, x0 = strip % STRIPS_A_ROW * STRIP;
  float acc[STRIP][VECTOR];
#pragma unroll
  for (int t = 0; t < STRIP; t++)
#pragma unroll
    for (int v = 0; v < VECTOR; v++) acc[t][v] = b[v];
  if (live && strip < STRIPS) {
    const IN_TYPE::Store *plane = input + (long long)image * IN_H * IN_W * IN_STRIDE + channel;
#pragma unroll
    for (int r = 0; r < KERNEL_H; r++) {
      const int h = y * STRIDE_H - PAD_T + r * DILATE_H;
      if ((u32)h >= (u32)IN_H) continue;
      float in[COLUMNS][VECTOR];
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        const int w = x0 * STRIDE_W - PAD_L + c;
#pragma unroll
        for (int v = 0; v < VECTOR; v++) in[c][v] = 0.0f;
        if ((u32)w < (u32)IN_W) loadVector<IN_TYPE, VECTOR>(in[c], plane + (long long)(h * IN_W + w) * IN_STRIDE);
      }
#pragma unroll
      for (int s = 0; s < KERNEL_W; s++) {
        float f[VECTOR];
        loadVector<F32, VECTOR>(f, &filter[r * KERNEL_W + s][lane * VECTOR]);
#pragma unroll
        for (int t = 0; t < STRIP; t++)
#pragma unroll
          for (int v = 0; v < VECTOR; v++) acc[t][v] = fmaf(in[t * STRIDE_W + s * DILATE_W][v], f[v], acc[t][v]);
      }
    }
  }
  float total[VECTOR];
#pragma unroll
  for (int v = 0; v < VECTOR; v++) total[v] = 0.0f;
#pragma unroll
  for (int t = 0; t < STRIP; t++) {
    if (!live || strip >= STRIPS || x0 + t >= OUT_W) continue;
#pragma unroll
    for (int v = 0; v < VECTOR; v++) {
      acc[t][v] = activate<ACTIVATION>(acc[t][v], ALPHA, BETA);
      total[v] += acc[t][v];
    }
    storeVector<OUT_TYPE, VECTOR>(output + ((long long)(image * OUT_H + y) * OUT_W + x0 + t) * OUT_STRIDE + channel, acc[t]);
  }
  if (SUMS) {
    storeVector<F32, VECTOR>(&partial[SUMS ? threadIdx.x / LANES : 0][SUMS ? lane * VECTOR : 0], total);
    __syncthreads();
    for (int c = threadIdx.x; c < WIDTH && channel0 + c < CHANNELS; c += THREADS) {
      float sum = 0.0f;
      for (int i = 0; i < STRIPS_A_BLOCK; i++) sum += partial[SUMS ? i : 0][SUMS ? c : 0];
      sums[((long long)image * gridDim.y + blockIdx.y) * CHANNELS + channel0 + c] = sum;
    }
  }
}
