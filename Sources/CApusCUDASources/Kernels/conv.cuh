// The problem of an implicit-GEMM convolution as constants, and the way from a row of the GEMM to a pixel.
//
// The generated prologue defines:
//   IN_TYPE OUT_TYPE RES_TYPE          element types (F16 BF16 TF32 F32)
//   IMAGES IN_H IN_W IN_C IN_STRIDE    NHWC input; IN_STRIDE elements from one pixel to the next
//   OUT_H OUT_W OUT_C OUT_STRIDE       NHWC output
//   KERNEL_H KERNEL_W STRIDE_H STRIDE_W PAD_T PAD_L DILATE_H DILATE_W
//   BATCHES A_BATCH B_BATCH C_BATCH    independent products (groups, batched matmul): how many, and the elements
//                                      between them in the input, the weights and the output
//   LEVELS, LEVEL_H, LEVEL_W           each image is several pictures of different size, concatenated by pixels: how many,
//                                      and comma-separated lists. IN_H and IN_W are unused then
// A matrix product is the 1x1 convolution of an image M high and 1 wide. Weights are [OUT_C][KERNEL_H][KERNEL_W][IN_C].
#pragma once

#ifndef LEVELS
#define LEVELS 1
#endif
#ifndef BATCHES
#define BATCHES 1
#endif
#ifndef A_BATCH
#define A_BATCH 0
#define B_BATCH 0
#define C_BATCH 0
#endif

constexpr int TAPS = KERNEL_H * KERNEL_W;
constexpr int REDUCTION = TAPS * IN_C;

#if LEVELS > 1
__device__ constexpr int levelH[LEVELS] = {LEVEL_H};
__device__ constexpr int levelW[LEVELS] = {LEVEL_W};
constexpr int outExtent(int in, int kernel, int stride, int dilate, int pad) {
  return (in + 2 * pad - dilate * (kernel - 1) - 1) / stride + 1;
}
constexpr int levelRows() {
  constexpr int h[LEVELS] = {LEVEL_H}, w[LEVELS] = {LEVEL_W};
  int rows = 0;
  for (int i = 0; i < LEVELS; i++)
    rows += outExtent(h[i], KERNEL_H, STRIDE_H, DILATE_H, PAD_T) * outExtent(w[i], KERNEL_W, STRIDE_W, DILATE_W, PAD_L);
  return rows;
}
constexpr int levelPixels() {
  constexpr int h[LEVELS] = {LEVEL_H}, w[LEVELS] = {LEVEL_W};
  int pixels = 0;
  for (int i = 0; i < LEVELS; i++) pixels += h[i] * w[i];
  return pixels;
}
constexpr int IMAGE_ROWS = levelRows(), IMAGE_PIXELS = levelPixels(), ROWS = IMAGES * IMAGE_ROWS;
#else
constexpr int ROWS = IMAGES * OUT_H * OUT_W;
#endif

constexpr bool POINTWISE =
    LEVELS == 1 && TAPS == 1 && STRIDE_H == 1 && STRIDE_W == 1 && PAD_T == 0 && PAD_L == 0 && IN_H == OUT_H && IN_W == OUT_W;

/// Where the window of one output pixel starts in the input.
struct Window {
  /// Offset of the first image pixel of this window's image, in elements.
  long long image;
  int h, w;
#if LEVELS > 1
  int height, width;
#else
  static constexpr int height = IN_H, width = IN_W;
#endif
};

/// The window of GEMM row `row`; a row past the end gets a window that is outside everywhere.
__device__ inline Window windowOf(int row) {
  Window x;
  if (row >= ROWS) {
    x.image = 0;
    x.h = x.w = -(1 << 20);
#if LEVELS > 1
    x.height = x.width = 1;
#endif
    return x;
  }
#if LEVELS > 1
  long long start = (long long)(row / IMAGE_ROWS) * IMAGE_PIXELS;
  int outWidth = 1;
  row %= IMAGE_ROWS;
  x.height = x.width = 1;
#pragma unroll
  for (int i = 0; i < LEVELS; i++) {
    const int h = outExtent(levelH[i], KERNEL_H, STRIDE_H, DILATE_H, PAD_T);
    const int w = outExtent(levelW[i], KERNEL_W, STRIDE_W, DILATE_W, PAD_L);
    x.height = levelH[i];
    x.width = levelW[i];
    outWidth = w;
    if (row < h * w) break;
    row -= h * w;
    start += levelH[i] * levelW[i];
  }
  x.image = start * IN_STRIDE;
  x.h = row / outWidth * STRIDE_H - PAD_T;
  x.w = row % outWidth * STRIDE_W - PAD_L;
#else
  const int image = row / (OUT_H * OUT_W), pixel = row % (OUT_H * OUT_W);
  x.image = (long long)image * IN_H * IN_W * IN_STRIDE;
  x.h = pixel / OUT_W * STRIDE_H - PAD_T;
  x.w = pixel % OUT_W * STRIDE_W - PAD_L;
#endif
  return x;
}
