#ifndef APUS_EPILOGUE_H
#define APUS_EPILOGUE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"

/// Activation functions; `alpha` and `beta` are the fields of `apus_epilogue`.
typedef enum apus_activation : int32_t {
  APUS_ACT_NONE = 0,
  /// max(x, 0)
  APUS_ACT_RELU = 1,
  /// min(max(x, alpha), beta)
  APUS_ACT_CLIP = 2,
  /// x < 0 ? alpha * x : x
  APUS_ACT_LEAKY_RELU = 3,
  /// x < 0 ? alpha * (e^x - 1) : x
  APUS_ACT_ELU = 4,
  /// beta * (x < 0 ? alpha * (e^x - 1) : x)
  APUS_ACT_SELU = 5,
  /// 1 / (1 + e^-x)
  APUS_ACT_SIGMOID = 6,
  APUS_ACT_TANH = 7,
  /// x * sigmoid(alpha * x); alpha is 1 for SiLU
  APUS_ACT_SILU = 8,
  /// min(max(alpha * x + beta, 0), 1)
  APUS_ACT_HARD_SIGMOID = 9,
  /// x * min(max(x / 6 + 1/2, 0), 1)
  APUS_ACT_HARD_SWISH = 10,
  /// x / 2 * (1 + erf(x / sqrt 2))
  APUS_ACT_GELU = 11,
  /// GELU by the tanh formula
  APUS_ACT_GELU_TANH = 12,
  /// x * tanh(softplus(x))
  APUS_ACT_MISH = 13,
  /// log(1 + e^x)
  APUS_ACT_SOFTPLUS = 14,
} apus_activation;

/// What is done to each element of a product before it is stored:
/// `out = activation(sum + bias[column] + residual)`, or with `residual_last`
/// `out = activation(sum + bias[column]) + residual`.
typedef struct apus_epilogue {
  /// One FP32 value per output column (channel), or NULL.
  const float *bias;
  /// Elements of the output's type, at the same element offsets as the output, or NULL.
  /// It may be the output itself.
  const void *residual;
  /// Whether the residual is added after the activation.
  bool residual_last;
  apus_activation activation;
  /// Parameters of the activation; see `apus_activation`.
  float alpha, beta;
} apus_epilogue;

/// `y[i] = activation(x[i])` for `n` elements; `y` may be `x`. Serial.
void apus_activation_f32(
    apus_activation activation, float alpha, float beta, const float *x, float *y, ptrdiff_t n);

/// The same on BF16 elements, computed in FP32.
void apus_activation_bf16(
    apus_activation activation, float alpha, float beta, const uint16_t *x, uint16_t *y, ptrdiff_t n);
#endif
