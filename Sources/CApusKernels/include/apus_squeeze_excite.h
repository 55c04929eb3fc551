#ifndef APUS_SQUEEZE_EXCITE_H
#define APUS_SQUEEZE_EXCITE_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// The gate of a squeeze-excite layer: two small matrix-vector products on channel means.
typedef struct apus_squeeze_excite {
  ptrdiff_t batch, channels, squeezed;
  /// Pixels that the sums were taken over.
  ptrdiff_t pixels;
  /// Activations after the first and the second product, with their parameters.
  apus_activation inner, outer;
  float inner_alpha, inner_beta, outer_alpha, outer_beta;
} apus_squeeze_excite;

/// Bytes of the packed weights of both products, biases included (align to 64).
size_t apus_squeeze_excite_packed_bytes(const apus_squeeze_excite *layer);

/// Packs FP32 weights `reduce` [squeezed, channels] and `expand` [channels, squeezed]; biases may be NULL.
void apus_squeeze_excite_pack(
    const apus_squeeze_excite *layer, const float *reduce, const float *reduce_bias, const float *expand,
    const float *expand_bias, float *packed);

/// Bytes of workspace (align to 64).
size_t apus_squeeze_excite_workspace_bytes(const apus_squeeze_excite *layer);

/// From the sums of `apus_depthwise_nhwc` to the gate of `apus_conv_nhwc`:
/// gate = outer(expand * inner(reduce * sums / pixels)); `sums` and `gate` are [batch, channels].
void apus_squeeze_excite_gate(
    const apus_squeeze_excite *layer, const float *sums, const float *packed, float *gate, void *workspace,
    apus_pool *pool);
#endif
