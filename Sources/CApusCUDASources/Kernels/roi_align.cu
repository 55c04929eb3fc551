// Regions of pictures pooled by bilinear samples: output [REGIONS][CHANNELS][OUT_HEIGHT][OUT_WIDTH]. With several levels a
// region is pooled from the one that suits its size. He et al., "Mask R-CNN", 2017; Lin et al., "Feature pyramid networks",
// 2017.
//
// Prologue: LEVELS, HEIGHTS {of the levels}, WIDTHS, SCALES {doubles: elements a pixel stands for}, PICTURES, CHANNELS,
// REGIONS, COLUMNS (numbers of a region: 4 corners; 5: its picture first), INDEX (type of the pictures of regions of 4),
// OUT_HEIGHT, OUT_WIDTH, RATIO (samples of a bin along an axis; 0: by its size), HALF_PIXEL (coordinates are moved by half
// an element), MAXIMUM, FINEST (side of regions of the first level), TYPE, REGION_TYPE, THREADS.
// grid ceil(elements / THREADS), block THREADS.
#include "common.cuh"

__constant__ int heights[LEVELS] = HEIGHTS;
__constant__ int widths[LEVELS] = WIDTHS;
__constant__ double scales[LEVELS] = SCALES;

/// Two neighbours along an axis and the weight of the second.
struct Split {
  int low, high;
  float rest;
};
__device__ inline Split splitAt(double place, int size) {
  place = fmax(place, 0.0);
  const int low = (int)place;
  if (low >= size - 1) return {size - 1, size - 1, 0.0f};
  return {low, low + 1, (float)(place - low)};
}

__device__ inline int levelOf(double width, double height) {
  const double level = floor(log2(sqrt(width * height) / FINEST) + 1e-6);
  return level >= 0 ? (int)fmin(level, LEVELS - 1.0) : 0;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    roi_align(const TYPE::Store *__restrict__ x0, const TYPE::Store *__restrict__ x1, const TYPE::Store *__restrict__ x2,
              const TYPE::Store *__restrict__ x3, const TYPE::Store *__restrict__ x4, const TYPE::Store *__restrict__ x5,
              const TYPE::Store *__restrict__ x6, const TYPE::Store *__restrict__ x7,
              const REGION_TYPE::Store *__restrict__ regions, const INDEX *__restrict__ pictures,
              TYPE::Store *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= (long long)REGIONS * CHANNELS * OUT_HEIGHT * OUT_WIDTH) return;
  const int column = i % OUT_WIDTH, row = i / OUT_WIDTH % OUT_HEIGHT;
  const int channel = i / (OUT_WIDTH * OUT_HEIGHT) % CHANNELS;
  const long long region = i / ((long long)OUT_WIDTH * OUT_HEIGHT * CHANNELS);
  double box[COLUMNS];
#pragma unroll
  for (int c = 0; c < COLUMNS; c++) box[c] = REGION_TYPE::load(regions[region * COLUMNS + c]);
  double *corners = box + COLUMNS - 4;
  long long picture = COLUMNS == 5 ? (long long)box[0] : (long long)pictures[region];
  if (picture < 0 && COLUMNS == 4) picture += PICTURES;
  if (picture < 0 || picture >= PICTURES) {
    output[i] = TYPE::store(0.0f);
    return;
  }
  const int level = LEVELS > 1 ? levelOf(corners[2] - corners[0], corners[3] - corners[1]) : 0;
  const TYPE::Store *all[] = {x0, x1, x2, x3, x4, x5, x6, x7};
  const int height = heights[level], width = widths[level];
  const TYPE::Store *plane = all[level] + (picture * CHANNELS + channel) * height * width;
#pragma unroll
  for (int c = 0; c < 4; c++) corners[c] = corners[c] * scales[level] - (HALF_PIXEL ? 0.5 : 0.0);
  double spanX = corners[2] - corners[0], spanY = corners[3] - corners[1];
  if (!HALF_PIXEL) {
    spanX = fmax(spanX, 1.0);
    spanY = fmax(spanY, 1.0);
  }
  const double binX = spanX / OUT_WIDTH, binY = spanY / OUT_HEIGHT;
  const int stepsX = RATIO > 0 ? RATIO : (int)fmin(fmax(ceil(binX), 0.0), 65536.0);
  const int stepsY = RATIO > 0 ? RATIO : (int)fmin(fmax(ceil(binY), 0.0), 65536.0);
  float sum = 0.0f, top = 0.0f;
  bool isFirst = true;
  for (int sy = 0; sy < stepsY; sy++) {
    const double y = corners[1] + row * binY + (sy + 0.5) * binY / stepsY;
    for (int sx = 0; sx < stepsX; sx++) {
      const double x = corners[0] + column * binX + (sx + 0.5) * binX / stepsX;
      float peak = 0.0f;
      if (y >= -1.0 && y <= height && x >= -1.0 && x <= width) {
        const Split v = splitAt(y, height), u = splitAt(x, width);
        const float a = (1.0f - v.rest) * (1.0f - u.rest) * TYPE::load(plane[v.low * width + u.low]);
        const float b = (1.0f - v.rest) * u.rest * TYPE::load(plane[v.low * width + u.high]);
        const float c = v.rest * (1.0f - u.rest) * TYPE::load(plane[v.high * width + u.low]);
        const float d = v.rest * u.rest * TYPE::load(plane[v.high * width + u.high]);
        // ONNX takes the maximum of weighted neighbours, not of samples.
        peak = fmaxf(fmaxf(a, b), fmaxf(c, d));
        sum += a + b + c + d;
      }
      top = isFirst ? peak : fmaxf(top, peak);
      isFirst = false;
    }
  }
  const double count = fmax((double)stepsX * stepsY, 1.0);
  output[i] = TYPE::store(MAXIMUM ? top : (float)(sum / count));
}
