#ifndef APUS_GRID_SAMPLE_H
#define APUS_GRID_SAMPLE_H
#include <stdbool.h>
#include <stddef.h>

#include "apus_pool.h"

typedef enum apus_grid_mode : int32_t { APUS_GRID_NEAREST, APUS_GRID_LINEAR, APUS_GRID_CUBIC } apus_grid_mode;
/// What lies beyond the picture.
typedef enum apus_grid_padding : int32_t {
  APUS_GRID_ZEROS,
  APUS_GRID_BORDER,
  APUS_GRID_REFLECTION,
} apus_grid_padding;

/// Samples of F32 pictures [batch, channels, sizes...] at the places of an F32 grid [batch, places, rank], whose
/// coordinates (innermost axis first) go from -1 to 1.
typedef struct apus_grid_sample {
  ptrdiff_t batch, channels, places;
  /// Axes of a picture, 1 to 3, and their extents.
  int32_t rank;
  ptrdiff_t sizes[3];
  apus_grid_mode mode;
  apus_grid_padding padding;
  /// Whether -1 and 1 are the middles of the outer elements, or their outer edges.
  bool align_corners;
} apus_grid_sample;

/// `out` is [batch, channels, places].
void apus_grid_sample_run(
    const apus_grid_sample *sample, const float *in, const float *grid, float *out, apus_pool *pool);
#endif
