#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H
#include <stdbool.h>
#include <stddef.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Softmax, or its logarithm, along the middle axis of a dense [outer, count, inner] tensor.
typedef struct apus_softmax {
  ptrdiff_t outer, count, inner;
  bool logarithm;
  /// F32 or BF16.
  apus_dtype in_type, out_type;
} apus_softmax;

/// `out` may be `in` where the types are equal.
void apus_softmax_run(const apus_softmax *softmax, const void *in, void *out, apus_pool *pool);
#endif
