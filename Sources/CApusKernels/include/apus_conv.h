#ifndef APUS_CONV_H
#define APUS_CONV_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// A convolution or transposed convolution on channels-last tensors. Spatial arrays are ordered depth,
/// height, width; leave leading entries 1 (`pad` 0) for fewer dimensions.
/// Set every field; `apus_conv_valid` says whether they fit.
typedef struct apus_conv {
  ptrdiff_t batch, groups, in_channels, out_channels;
  ptrdiff_t in[3], out[3], kernel[3], stride[3], dilation[3];
  /// Padding before the first element. What lies beyond the input's end reads as zero, so padding at the
  /// end follows from `out`. For a transposed convolution: elements cut off at the start of the output.
  ptrdiff_t pad[3];
  /// Type of products and packed weights: F32 or BF16 (sums are FP32).
  apus_dtype type;
  /// Type of the input: that of the products, or F32 with BF16 products.
  apus_dtype in_type;
  /// Type of output and residual: F32, or BF16 with BF16 products.
  apus_dtype out_type;
  /// Whether the input is [batch, channels, spatial] instead of [batch, spatial, channels].
  bool in_channels_first;
  /// Whether the call passes a factor for each image and input channel (squeeze-excite gate).
  bool gated;
  /// BF16 parts of each number that FP32 products are made of, for processors with BF16 tiles: 3 are as exact, 2 keep
  /// sixteen bits, 0 are plain products. With weights that `apus_parts_fit`; not for transposed convolution.
  int parts;
} apus_conv;

/// Whether the fields describe a convolution these kernels run.
bool apus_conv_valid(const apus_conv *conv);

/// Bytes of the packed weights (align to 64).
size_t apus_conv_packed_bytes(const apus_conv *conv);

/// Packs FP32 weights [out_channels, in_channels / groups, kernel...]. The result does not depend on the
/// processor. `batch`, `in`, `out` and `pad` do not matter to it.
void apus_conv_pack(const apus_conv *conv, const float *weights, void *packed);

/// Bytes of workspace (align to 64) of one call with at most `threads` threads.
size_t apus_conv_workspace_bytes(const apus_conv *conv, int32_t threads);

/// out = epilogue(conv(in * gate, weights)). `in` [batch, spatial..., in_channels] (see
/// `in_channels_first`), `out` [batch, spatial..., out_channels], both dense.
/// - `gate`: [batch, in_channels] FP32 where `gated`, else ignored.
/// - `workspace`: `apus_conv_workspace_bytes` bytes, aligned to 64.
void apus_conv_nhwc(
    const apus_conv *conv, const void *in, const void *packed, const float *gate,
    const apus_epilogue *epilogue, void *out, void *workspace, apus_pool *pool);

/// The same four functions for transposed convolution; weights are [in_channels, out_channels / groups,
/// kernel...]. Output elements that no input reaches get the epilogue of zero.
bool apus_conv_transpose_valid(const apus_conv *conv);
size_t apus_conv_transpose_packed_bytes(const apus_conv *conv);
void apus_conv_transpose_pack(const apus_conv *conv, const float *weights, void *packed);
size_t apus_conv_transpose_workspace_bytes(const apus_conv *conv, int32_t threads);
void apus_conv_transpose_nhwc(
    const apus_conv *conv, const void *in, const void *packed, const float *gate,
    const apus_epilogue *epilogue, void *out, void *workspace, apus_pool *pool);
#endif
