#ifndef APUS_POOLING_H
#define APUS_POOLING_H
#include "apus_epilogue.h"
#include "apus_pool.h"

typedef enum apus_pooling_mode : int32_t {
  APUS_POOLING_MAX = 0,
  APUS_POOLING_AVERAGE = 1,
} apus_pooling_mode;

/// Pooling on channels-last tensors. Spatial arrays are ordered depth, height, width; leading entries are 1
/// (`pad` 0) for fewer dimensions. Global pooling is a kernel of the input's size.
typedef struct apus_pooling {
  apus_pooling_mode mode;
  ptrdiff_t batch, channels;
  /// `out` decides how far the windows go (ceil mode); what lies outside the input is left out.
  ptrdiff_t in[3], out[3], kernel[3], stride[3], dilation[3];
  /// Padding before the first and after the last element; `pad_end` matters to `count_padding` only.
  ptrdiff_t pad[3], pad_end[3];
  /// Average: whether padding counts in the divisor.
  bool count_padding;
  /// F32 or BF16, of input and output.
  apus_dtype in_type, out_type;
} apus_pooling;

/// `in` [batch, spatial..., channels] to `out`, both dense. A window without input elements gives -infinity
/// (maximum) or 0 (average).
void apus_pooling_nhwc(const apus_pooling *pooling, const void *in, void *out, apus_pool *pool);
#endif
