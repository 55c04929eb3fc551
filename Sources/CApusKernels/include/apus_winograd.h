#ifndef APUS_WINOGRAD_H
#define APUS_WINOGRAD_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// A 3x3 convolution of stride 1 and dilation 1 on FP32 channels-last tensors by Winograd's F(2x2, 3x3): 16 products
/// for four outputs instead of 36 (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015). Set
/// every field; spatial arrays are height, width.
typedef struct apus_winograd {
  /// Channels are multiples of 16.
  ptrdiff_t batch, in_channels, out_channels;
  ptrdiff_t in[2], out[2];
  /// Padding before the first element; what lies beyond the input's end reads as zero.
  ptrdiff_t pad[2];
} apus_winograd;

/// Whether the fields describe a convolution these kernels run.
bool apus_winograd_valid(const apus_winograd *conv);

/// Bytes of the transformed weights (align to 64).
size_t apus_winograd_packed_bytes(const apus_winograd *conv);

/// Transforms and packs FP32 weights [out_channels, in_channels, 3, 3]. The result does not depend on the processor;
/// only the channels matter to it.
void apus_winograd_pack(const apus_winograd *conv, const float *weights, float *packed);

/// Bytes of workspace (align to 64) of one call with at most `threads` threads.
size_t apus_winograd_workspace_bytes(const apus_winograd *conv, int32_t threads);

/// out = epilogue(conv(in, weights)); `in` [batch, height, width, in_channels], `out` likewise, both dense.
/// `workspace`: `apus_winograd_workspace_bytes` bytes, aligned to 64.
void apus_winograd_nhwc(
    const apus_winograd *conv, const float *in, const float *packed, const apus_epilogue *epilogue, float *out,
    void *workspace, apus_pool *pool);
#endif
