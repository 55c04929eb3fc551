#ifndef APUS_INDEXING_H
#define APUS_INDEXING_H
#include <stdbool.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Most dimensions of indexed data.
enum { APUS_INDEX_RANK = 16 };

/// What becomes of an element that an update meets.
typedef enum apus_scatter : int32_t {
  APUS_SCATTER_REPLACE,
  APUS_SCATTER_ADD,
  APUS_SCATTER_MUL,
  APUS_SCATTER_MAX,
  APUS_SCATTER_MIN,
} apus_scatter;

/// Whether updates of a type can be reduced: F32, F64, I8, U8, I32 and I64. Replacing works for any type.
bool apus_scatter_takes(apus_dtype type);

/// Indices that stand for themselves along all axes of the data but one. Indices are I32 or I64; below 0
/// they count from the end.
typedef struct apus_index_elements {
  int32_t rank, axis;
  apus_dtype index_type;
  /// Bytes of an element: 1, 2, 4, 8 or 16.
  int32_t element_bytes;
  /// Extents of the dense data, and of the dense indices (at most the data's, but along `axis`).
  ptrdiff_t data[16], indices[16];
} apus_index_elements;

/// out[i] = data[i, but indices[i] along the axis]. Returns -1, or the position of an index that is outside.
ptrdiff_t apus_gather_elements(
    const apus_index_elements *elements, const void *data, const void *indices, void *out, apus_pool *pool);

/// out = data, then out[i, but indices[i] along the axis] is joined with updates[i], in order. `out` may be
/// `data`. `type` matters where updates are reduced. Returns as above.
ptrdiff_t apus_scatter_elements(
    const apus_index_elements *elements, apus_scatter reduction, apus_dtype type, const void *data,
    const void *indices, const void *updates, void *out, apus_pool *pool);

/// Tuples of indices that choose slices of the data.
typedef struct apus_index_tuples {
  /// Tuples, and tuples of one batch, which chooses from its own part of the data.
  ptrdiff_t count, batch_count;
  /// Indices of a tuple, and the extents that they index.
  int32_t tuple;
  apus_dtype index_type;
  ptrdiff_t extents[16];
  /// Elements of a slice; bytes of an element.
  ptrdiff_t slice, element_bytes;
  /// Elements of the data.
  ptrdiff_t data_count;
} apus_index_tuples;

/// out[t] = data[tuple t]. Returns -1, or the position of an index that is outside.
ptrdiff_t apus_gather_tuples(
    const apus_index_tuples *tuples, const void *data, const void *indices, void *out, apus_pool *pool);

/// out = data, then out[tuple t] is joined with updates[t], in order. `out` may be `data`.
ptrdiff_t apus_scatter_tuples(
    const apus_index_tuples *tuples, apus_scatter reduction, apus_dtype type, const void *data,
    const void *indices, const void *updates, void *out, apus_pool *pool);

/// Vectors of `depth` values along an axis with `outer` vectors of vectors before and `inner` after it: values[1] at the
/// index, values[0] elsewhere. Elements have 1, 2, 4, 8 or 16 bytes.
void apus_one_hot(
    ptrdiff_t outer, ptrdiff_t depth, ptrdiff_t inner, int32_t element_bytes, apus_dtype index_type,
    const void *indices, const void *values, void *out, apus_pool *pool);

/// The triangle of each of `matrices` dense matrices at and above (`upper`) or below the diagonal that lies `shift`
/// columns to the right; zero elsewhere. `out` may be `in`.
void apus_triangle(
    ptrdiff_t matrices, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t element_bytes, bool upper, ptrdiff_t shift,
    const void *in, void *out, apus_pool *pool);

/// Elements that are not zero. `is_float`: the top bit alone is a zero.
ptrdiff_t apus_count_nonzero(const void *in, ptrdiff_t count, int32_t element_bytes, bool is_float);

/// Positions of the elements that are not zero: `out` is I64 [rank, found], `found` as counted.
/// - `starts`: room for `apus_nonzero_blocks(count)` + 1 values.
void apus_nonzero(
    const void *in, int32_t rank, const ptrdiff_t *shape, int32_t element_bytes, bool is_float, ptrdiff_t found,
    int64_t *out, ptrdiff_t *starts, apus_pool *pool);
ptrdiff_t apus_nonzero_blocks(ptrdiff_t count);
#endif
