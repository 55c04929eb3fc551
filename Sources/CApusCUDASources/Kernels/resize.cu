// Resize of NHWC images, nearest or bilinear, VECTOR channels of one output a thread; optionally added to another tensor
// of the output's shape (as feature pyramids do).
//
// Prologue: IN_TYPE OUT_TYPE IMAGES IN_H IN_W CHANNELS OUT_H OUT_W MODE (0 nearest, 1 bilinear) ADD
//   COORDINATE 0 half_pixel, 1 asymmetric, 2 align_corners, 3 pytorch_half_pixel
//   NEAREST 0 round_prefer_floor, 1 round_prefer_ceil, 2 floor, 3 ceil
//   STEP_H STEP_W (input pixels an output pixel, floats) VECTOR THREADS
// grid ceil(IMAGES * OUT_H * OUT_W * CHANNELS / VECTOR / THREADS), block THREADS.
#include "common.cuh"

__device__ inline float sourceOf(int x, float step, int in, int out) {
  if (COORDINATE == 1) return x * step;
  if (COORDINATE == 2) return out == 1 ? 0.0f : x * ((float)(in - 1) / (float)(out - 1));
  if (COORDINATE == 3 && out == 1) return 0.0f;
  return (x + 0.5f) * step - 0.5f;
}

__device__ inline int nearestOf(float x, int in) {
  const float r = NEAREST == 0 ? ceilf(x - 0.5f) : NEAREST == 1 ? floorf(x + 0.5f) : NEAREST == 2 ? floorf(x) : ceilf(x);
  return min(max((int)r, 0), in - 1);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    resize(const IN_TYPE::Store *__restrict__ input, const OUT_TYPE::Store *__restrict__ other,
           OUT_TYPE::Store *__restrict__ output) {
  allowSuccessor();
  constexpr int ACROSS = CHANNELS / VECTOR;
  const u32 i = blockIdx.x * THREADS + threadIdx.x;
  const int c = i % ACROSS * VECTOR, x = i / ACROSS % OUT_W, y = i / ACROSS / OUT_W % OUT_H, image = i / ACROSS / OUT_W / OUT_H;
  waitForPredecessor();
  if (image >= IMAGES) return;
  const float sy = sourceOf(y, STEP_H, IN_H, OUT_H), sx = sourceOf(x, STEP_W, IN_W, OUT_W);
  const IN_TYPE::Store *from = input + (long long)image * IN_H * IN_W * CHANNELS + c;
  float v[VECTOR];
  if (MODE == 0) {
    loadVector<IN_TYPE, VECTOR>(v, from + ((long long)nearestOf(sy, IN_H) * IN_W + nearestOf(sx, IN_W)) * CHANNELS);
  } else {
    const float fy = fminf(fmaxf(sy, 0.0f), IN_H - 1.0f), fx = fminf(fmaxf(sx, 0.0f), IN_W - 1.0f);
    const int y0 = (int)fy, x0 = (int)fx, y1 = min(y0 + 1, IN_H - 1), x1 = min(x0 + 1, IN_W - 1);
    const float wy = fy - y0, wx = fx - x0;
    float a[VECTOR], b[VECTOR], d[VECTOR], e[VECTOR];
    loadVector<IN_TYPE, VECTOR>(a, from + ((long long)y0 * IN_W + x0) * CHANNELS);
    loadVector<IN_TYPE, VECTOR>(b, from + ((long long)y0 * IN_W + x1) * CHANNELS);
    loadVector<IN_TYPE, VECTOR>(d, from + ((long long)y1 * IN_W + x0) * CHANNELS);
    loadVector<IN_TYPE, VECTOR>(e, from + ((long long)y1 * IN_W + x1) * CHANNELS);
#pragma unroll
    for (int k = 0; k < VECTOR; k++)
      v[k] = (a[k] * (1.0f - wx) + b[k] * wx) * (1.0f - wy) + (d[k] * (1.0f - wx) + e[k] * wx) * wy;
  }
  const long long at = ((long long)(image * OUT_H + y) * OUT_W + x) * CHANNELS + c;
  if (ADD) {
    float o[VECTOR];
    loadVector<OUT_TYPE, VECTOR>(o, other + at);
#pragma unroll
    for (int k = 0; k < VECTOR; k++) v[k] += o[k];
  }
  storeVector<OUT_TYPE, VECTOR>(output + at, v);
}
