#ifndef APUS_PRODUCT_H
#define APUS_PRODUCT_H
#include "../include/apus_pool.h"
#include "tiles.h"

/// Equal products over groups, images and planes, each of `runs` x `rows` output rows.
typedef struct apus_product {
  /// Everything but `a`, `b`, `c`, `residual`; `columns` and `epilogue->bias` are those of one group.
  apus_tiles tiles;
  apus_dtype type;
  ptrdiff_t groups, images, planes, runs, rows;
  /// Elements from one group, image and plane to the next.
  ptrdiff_t a_group, a_image, a_plane;
  ptrdiff_t b_group, b_image;
  ptrdiff_t c_group, c_image, c_plane;
} apus_product;

/// Computes all of it. `a`, `b`, `c` are the first elements; residual and bias come from the epilogue, with
/// `offset` elements between the output's start and `c`. `scratch`: `apus_parts_scratch_bytes` for each thread where
/// `tiles.parts` is set: `b` then holds parts, and offsets into it count BF16 elements.
void apus_product_run(
    const apus_product *product, const void *a, const void *b, void *c, ptrdiff_t offset, void *scratch,
    apus_pool *pool);
#endif
