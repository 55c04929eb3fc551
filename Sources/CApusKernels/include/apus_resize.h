#ifndef APUS_RESIZE_H
#define APUS_RESIZE_H
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Where the outputs along one axis come from: output i is the sum over t of `weights[i * taps + t]` times
/// input `indices[i * taps + t]`. One tap is nearest, two are linear, four cubic, more an antialiased filter.
typedef struct apus_resize_axis {
  ptrdiff_t taps;
  /// [out][taps], inside the input.
  const int32_t *indices;
  /// [out][taps], or NULL for all ones.
  const float *weights;
} apus_resize_axis;

/// Separable resampling of [batch, in_height, in_width, channels] to [batch, out_height, out_width, channels].
typedef struct apus_resize {
  ptrdiff_t batch, channels;
  ptrdiff_t in_height, in_width, out_height, out_width;
  apus_resize_axis vertical, horizontal;
  /// F32 or BF16.
  apus_dtype in_type, out_type;
} apus_resize;

void apus_resize_nhwc(const apus_resize *resize, const void *in, void *out, apus_pool *pool);
#endif
