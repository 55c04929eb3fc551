// Max and average pooling in NHWC, VECTOR channels of one output a thread.
//
// Prologue: IN_TYPE OUT_TYPE IMAGES IN_H IN_W CHANNELS IN_STRIDE OUT_H OUT_W OUT_STRIDE KERNEL_H KERNEL_W STRIDE_H
// STRIDE_W PAD_T PAD_L PAD_B PAD_R DILATE_H DILATE_W; MODE 0 max, 1 average over the pixels inside, 2 average over
// the window and padding inside the padded image. grid ceil(IMAGES * OUT_H * OUT_W * CHANNELS / VECTOR / THREADS), block THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    pool(const IN_TYPE::Store *__restrict__ input, OUT_TYPE::Store *__restrict__ output) {
  allowSuccessor();
  constexpr int ACROSS = CHANNELS / VECTOR;
  const u32 i = blockIdx.x * THREADS + threadIdx.x;
  const int c = i % ACROSS * VECTOR, x = i / ACROSS % OUT_W, y = i / ACROSS / OUT_W % OUT_H, image = i / ACROSS / OUT_W / OUT_H;
  waitForPredecessor();
  if (image >= IMAGES) return;
  const int h0 = y * STRIDE_H - PAD_T, w0 = x * STRIDE_W - PAD_L;
  float acc[VECTOR];
#pragma unroll
  for (int v = 0; v < VECTOR; v++) acc[v] = MODE == 0 ? __int_as_float(0xff800000) : 0.0f;
  int count = 0;
#pragma unroll
  for (int r = 0; r < KERNEL_H; r++)
#pragma unroll
    for (int s = 0; s < KERNEL_W; s++) {
      const int h = h0 + r * DILATE_H, w = w0 + s * DILATE_W;
      if (MODE == 2 && h < IN_H + PAD_B && w < IN_W + PAD_R) count++;
      if ((u32)h >= (u32)IN_H || (u32)w >= (u32)IN_W) continue;
      if (MODE == 1) count++;
      float in[VECTOR];
      loadVector<IN_TYPE, VECTOR>(in, input + ((long long)(image * IN_H + h) * IN_W + w) * IN_STRIDE + c);
#pragma unroll
      for (int v = 0; v < VECTOR; v++) {
        // A number that is none wins, as in the reference semantics of max.
        if (MODE == 0) acc[v] = in[v] > acc[v] || in[v] != in[v] ? in[v] : acc[v];
        else acc[v] += in[v];
      }
    }
  if (MODE != 0) {
    const float scale = 1.0f / (float)max(count, 1);
#pragma unroll
    for (int v = 0; v < VECTOR; v++) acc[v] *= scale;
  }
  storeVector<OUT_TYPE, VECTOR>(output + ((long long)(image * OUT_H + y) * OUT_W + x) * OUT_STRIDE + c, acc);
}
