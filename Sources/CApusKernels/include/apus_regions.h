#ifndef APUS_REGIONS_H
#define APUS_REGIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_pool.h"

/// Pooling of regions by bilinear samples.
typedef struct apus_roi_align {
  ptrdiff_t regions, channels, out_height, out_width;
  /// Samples of a bin along an axis; 0: by its size.
  ptrdiff_t samples;
  /// The largest weighted neighbour instead of the mean of samples.
  bool maximum;
  /// Coordinates are moved by half an element.
  bool half_pixel;
} apus_roi_align;

/// Feature maps of one size: [pictures][height][width][channels].
typedef struct apus_roi_level {
  const float *pixels;
  ptrdiff_t height, width;
  /// Elements that a unit of the regions stands for.
  double scale;
} apus_roi_level;

/// Bytes of workspace (align to 64) with at most `threads` threads.
size_t apus_roi_align_workspace_bytes(const apus_roi_align *align, int32_t threads);

/// Writes `out` [regions, channels, out_height, out_width].
/// - `boxes`: x1, y1, x2, y2 of each region, `box_stride` floats from one to the next.
/// - `picture_of`, `level_of`: where each region lies; within their ranges.
void apus_roi_align_run(
    const apus_roi_align *align, const apus_roi_level *levels, const float *boxes, ptrdiff_t box_stride,
    const int32_t *picture_of, const int32_t *level_of, float *out, void *workspace, apus_pool *pool);

/// Deformable 2-D convolution. All tensors are FP32, dense and row-major.
typedef struct apus_deform_conv {
  ptrdiff_t batch, channels, height, width, out_channels, out_height, out_width;
  ptrdiff_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
  /// Groups of channels, and groups with offsets of their own.
  ptrdiff_t groups, offset_groups;
} apus_deform_conv;

size_t apus_deform_conv_workspace_bytes(const apus_deform_conv *conv, int32_t threads);

/// Writes `out` [batch, out_channels, out_height, out_width]; `mask` and `bias` may be NULL.
/// - `offset`: [batch, offset_groups * taps * 2 (y, x), out_height, out_width]; `mask`: one number a tap.
void apus_deform_conv_run(
    const apus_deform_conv *conv, const float *x, const float *weight, const float *offset, const float *mask,
    const float *bias, float *out, void *workspace, apus_pool *pool);
#endif
