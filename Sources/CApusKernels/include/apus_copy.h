#ifndef APUS_COPY_H
#define APUS_COPY_H
#include "apus_pool.h"

/// Most dimensions of a strided copy.
enum { APUS_COPY_RANK = 8 };

/// A copy between two strided views of equal shape: transpose, slice, concatenation, expansion (input
/// stride 0), reversal (negative stride).
typedef struct apus_copy {
  /// Dimensions in use, 0 ... 8.
  int32_t rank;
  /// Bytes of an element: 1, 2, 4 or 8.
  int32_t element_bytes;
  /// Extents, outermost first, and strides in elements.
  ptrdiff_t shape[8], in_strides[8], out_strides[8];
} apus_copy;

/// Copies every element; `in` and `out` point to the elements of index 0 and must not overlap.
void apus_copy_run(const apus_copy *copy, const void *in, void *out, apus_pool *pool);

/// The copy that permutes the axes of a dense tensor: output axis i is input axis `axes[i]`.
apus_copy apus_copy_transpose(int32_t rank, const ptrdiff_t *shape, const int32_t *axes, int32_t element_bytes);
#endif
