#ifndef APUS_NORM_H
#define APUS_NORM_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// Normalisation of each row of a dense [rows, count] tensor:
/// `(x - mean) / sqrt(variance + epsilon) * scale + bias`, without the mean for RMS.
typedef struct apus_layer_norm {
  ptrdiff_t rows, count;
  /// RMS normalisation: divide by the root of the mean square.
  bool rms;
  float epsilon;
  /// F32 or BF16; scale and bias are FP32.
  apus_dtype in_type, out_type;
} apus_layer_norm;

/// - `scale`, `bias`: `count` values, or NULL.
/// - `means`, `inverse_deviations`: `rows` values each, or NULL.
void apus_layer_norm_run(
    const apus_layer_norm *norm, const void *in, const float *scale, const float *bias, void *out,
    float *means, float *inverse_deviations, apus_pool *pool);

/// Group normalisation of [batch, pixels, channels]; `groups` = `channels` is instance normalisation.
typedef struct apus_group_norm {
  ptrdiff_t batch, pixels, channels, groups;
  float epsilon;
  apus_activation activation;
  /// Parameters of the activation.
  float alpha, beta;
  /// F32 or BF16; scale and bias are FP32.
  apus_dtype in_type, out_type;
} apus_group_norm;

/// Bytes of workspace (align to 64).
size_t apus_group_norm_workspace_bytes(const apus_group_norm *norm);

/// - `scale`, `bias`: one value for each channel, or NULL.
void apus_group_norm_nhwc(
    const apus_group_norm *norm, const void *in, const float *scale, const float *bias, void *out,
    void *workspace, apus_pool *pool);
#endif
