// Boxes of a RetinaNet's levels. Girshick et al., "Rich feature hierarchies", 2014.
//
// Prologue: that of detect.cuh, DELTA_TYPE, ANCHORS {of a place}, FIRST_ANCHORS {of a level, in the table}, PLANES {places},
// WIDTHS, STRIDES_X, STRIDES_Y, LIMITS_X, LIMITS_Y {largest coordinates}, EXTRAS {1: corners are centres of pixels}, CLIPS
// {bound of size deltas}, DELTAS_INNER_CHANNELS (deltas lie channels last).
#pragma once

__constant__ int anchorCounts[SEGMENTS] = ANCHORS;
__constant__ int firstAnchors[SEGMENTS] = FIRST_ANCHORS;
__constant__ int planes[SEGMENTS] = PLANES;
__constant__ int widths[SEGMENTS] = WIDTHS;
__constant__ float stridesX[SEGMENTS] = STRIDES_X;
__constant__ float stridesY[SEGMENTS] = STRIDES_Y;
__constant__ float limitsX[SEGMENTS] = LIMITS_X;
__constant__ float limitsY[SEGMENTS] = LIMITS_Y;
__constant__ float extras[SEGMENTS] = EXTRAS;
__constant__ float clips[SEGMENTS] = CLIPS;

__device__ inline float clampTo(float x, float limit) { return fminf(fmaxf(x, 0.0f), limit); }

/// The box of a place (in the order of [channels][height][width]) of a level, and its class.
__device__ inline float4 decodeRetinaNet(const DELTA_TYPE::Store *deltas, const float4 *anchors, int picture, int level, u32 at,
                                         u32 &label) {
  const int plane = planes[level], place = at % plane, channel = at / plane;
  const int anchor = channel / CLASSES, count = anchorCounts[level];
  label = channel % CLASSES;
  float d[4];
  const DELTA_TYPE::Store *p = deltas + (u64)picture * count * 4 * plane;
#pragma unroll
  for (int i = 0; i < 4; i++)
    d[i] = DELTA_TYPE::load(DELTAS_INNER_CHANNELS ? p[(place * count + anchor) * 4 + i] : p[(anchor * 4 + i) * plane + place]);
  const float4 a = anchors[firstAnchors[level] + anchor];
  const float extra = extras[level], clip = clips[level];
  const float width = a.z - a.x + extra, height = a.w - a.y + extra;
  const float x = d[0] * width + (place % widths[level] * stridesX[level] + a.x) + width * 0.5f;
  const float y = d[1] * height + (place / widths[level] * stridesY[level] + a.y) + height * 0.5f;
  const float halfWidth = expf(fminf(d[2], clip)) * width * 0.5f, halfHeight = expf(fminf(d[3], clip)) * height * 0.5f;
  return make_float4(clampTo(x - halfWidth, limitsX[level]), clampTo(y - halfHeight, limitsY[level]),
                     clampTo(x + halfWidth - extra, limitsX[level]), clampTo(y + halfHeight - extra, limitsY[level]));
}
