#ifndef APUS_REDUCE_H
#define APUS_REDUCE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"
#include "apus_pool.h"

typedef enum apus_reduction : int32_t {
  APUS_REDUCE_SUM = 0,
  APUS_REDUCE_MEAN = 1,
  /// NaN wins; -infinity for no elements.
  APUS_REDUCE_MAX = 2,
  APUS_REDUCE_MIN = 3,
  APUS_REDUCE_PROD = 4,
  APUS_REDUCE_L1 = 5,
  APUS_REDUCE_L2 = 6,
  APUS_REDUCE_SUM_SQUARE = 7,
  APUS_REDUCE_LOG_SUM = 8,
  APUS_REDUCE_LOG_SUM_EXP = 9,
} apus_reduction;

/// A reduction over the middle axis of a dense [outer, count, inner] tensor to [outer, inner]. Reductions
/// over several axes that are no neighbours take one pass for each, or a transposing copy first.
typedef struct apus_reduce {
  apus_reduction op;
  ptrdiff_t outer, count, inner;
  /// F32 or BF16.
  apus_dtype in_type, out_type;
} apus_reduce;

void apus_reduce_run(const apus_reduce *reduce, const void *in, void *out, apus_pool *pool);
#endif
