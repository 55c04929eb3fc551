#ifndef APUS_DEPTHWISE_H
#define APUS_DEPTHWISE_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// A depthwise convolution (one filter for each channel) on [batch, height, width, channels].
/// Spatial arrays are ordered height, width.
typedef struct apus_depthwise {
  ptrdiff_t batch, channels;
  ptrdiff_t in[2], out[2], kernel[2], stride[2], dilation[2];
  /// Padding before the first element; what lies beyond the end reads as zero.
  ptrdiff_t pad[2];
  /// F32 or BF16, of the input, and of the output and residual. Products and sums are FP32.
  apus_dtype in_type, out_type;
} apus_depthwise;

/// Bytes of the packed weights (align to 64).
size_t apus_depthwise_packed_bytes(const apus_depthwise *conv);

/// Packs FP32 weights [channels, 1, height, width] as FP32 [height, width, channels rounded up to 16].
void apus_depthwise_pack(const apus_depthwise *conv, const float *weights, float *packed);

/// Bytes of workspace (align to 64); needed only for a call with `sums`.
size_t apus_depthwise_workspace_bytes(const apus_depthwise *conv, int32_t threads);

/// out = epilogue(depthwise(in)); dense tensors.
/// - `sums`: NULL, or [batch, channels] that receives the sum of the output over all pixels, for a
///   squeeze-excite layer.
void apus_depthwise_nhwc(
    const apus_depthwise *conv, const void *in, const float *packed, const apus_epilogue *epilogue,
    void *out, float *sums, void *workspace, apus_pool *pool);
#endif
