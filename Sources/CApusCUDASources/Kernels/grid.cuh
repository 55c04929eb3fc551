// What a place of a sampling grid reads along one axis. MODE: 0 nearest, 1 linear, 2 cubic. PADDING: 0 zeros, 1 the
// border, 2 reflected. CORNERS: -1 and 1 are the middles of the outer elements, else their outer edges.
#pragma once

/// Held within low and high by reflections.
__device__ inline double reflected(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  if (!(x < low || x > high)) return x;
  const double beyond = x < low ? low - x : x - high;
  const double times = floor(beyond / range);
  const double rest = beyond - times * range;
  const bool even = fmod(times, 2.0) == 0;
  return even == (x < low) ? low + rest : high - rest;
}

/// Keys' cubic with the coefficient -0.75.
__device__ inline double cubicWeight(double x) {
  const double a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

struct Place {
  double x, base, distance, low, high, last;
  bool nowhere;

  __device__ Place(double coordinate, int size) {
    const double length = size;
    last = length - 1;
    low = CORNERS ? 0 : -0.5;
    high = CORNERS ? last : length - 0.5;
    x = CORNERS ? (coordinate + 1) / 2 * last : ((coordinate + 1) * length - 1) / 2;
    if (MODE == 0) x = rint(x);
    if (x < low || x > high) {
      // Cubic taps are held at the border one by one.
      if (PADDING == 1 && MODE != 2) x = fmin(fmax(x, 0.0), last);
      if (PADDING == 2) x = reflected(x, low, high);
    }
    nowhere = !(fabs(x) < 1e15);
    base = floor(x);
    distance = x - base;
  }

  /// Element that a tap reads; -1: zero.
  __device__ long long element(int tap) const {
    if (nowhere) return -1;
    const double place = MODE == 0 ? trunc(x) : base + (MODE == 1 ? tap : tap - 1);
    if (PADDING == 0) return place >= 0 && place <= last ? (long long)place : -1;
    if (PADDING == 1) return (long long)fmin(fmax(place, 0.0), last);
    return (long long)fmin(fmax(reflected(place, low, high), 0.0), last);
  }

  __device__ double weight(int tap) const {
    if (MODE == 0) return 1;
    if (MODE == 1) return tap ? distance : 1 - distance;
    return cubicWeight(fabs(tap - 1 - distance));
  }
};
