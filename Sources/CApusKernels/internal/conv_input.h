#ifndef APUS_CONV_INPUT_H
#define APUS_CONV_INPUT_H
#include "../include/apus_conv.h"

/// The box of input that a convolution reads, copied channels last with zeros outside the input.
typedef struct apus_conv_box {
  /// Extent of the box, and input coordinate of its first element (negative: padding).
  ptrdiff_t extent[3], origin[3];
  /// Channels of a group in the box: even for BF16.
  ptrdiff_t group_channels;
} apus_conv_box;

static inline ptrdiff_t apus_dtype_bytes(apus_dtype type) { return type == APUS_F32 ? 4 : 2; }

/// Bytes of the box for the whole batch.
size_t apus_conv_box_bytes(const apus_conv *conv, const apus_conv_box *box);

/// Fills the box, converting to `conv->type` and multiplying by `gate` where it is not NULL.
void apus_conv_box_fill(
    const apus_conv *conv, const apus_conv_box *box, const void *in, const float *gate, void *out,
    apus_pool *pool);
#endif
