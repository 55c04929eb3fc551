// Activations that kernels apply before they store. ACTIVATION names one; ALPHA and BETA are its parameters.
#pragma once

#define ACT_NONE 0
#define ACT_RELU 1
#define ACT_CLIP 2
#define ACT_LEAKY 3
#define ACT_SIGMOID 4
#define ACT_TANH 5
#define ACT_SILU 6
#define ACT_GELU 7
#define ACT_GELU_TANH 8
#define ACT_HARD_SIGMOID 9
#define ACT_HARD_SWISH 10
#define ACT_ELU 11
#define ACT_MISH 12
#define ACT_SOFTPLUS 13

/// Fast forms are good to about 2e-6 relative, far under the rounding of a half-precision result; FP32 networks
/// use the exact ones (FAST_MATH 0).
#ifndef FAST_MATH
#define FAST_MATH 1
#endif

__device__ inline float sigmoidOf(float x) {
  return FAST_MATH ? __fdividef(1.0f, 1.0f + __expf(-x)) : 1.0f / (1.0f + expf(-x));
}
__device__ inline float tanhOf(float x) { return FAST_MATH ? 2.0f * sigmoidOf(2.0f * x) - 1.0f : tanhf(x); }

template <int KIND> __device__ inline float activate(float x, float alpha, float beta) {
  if (KIND == ACT_RELU) return fmaxf(x, 0.0f);
  if (KIND == ACT_CLIP) return fminf(fmaxf(x, alpha), beta);
  if (KIND == ACT_LEAKY) return x > 0.0f ? x : alpha * x;
  if (KIND == ACT_SIGMOID) return sigmoidOf(x);
  if (KIND == ACT_TANH) return tanhOf(x);
  // Where exp(-x) overflows the quotient is zero, as the limit is.
  if (KIND == ACT_SILU) return x * sigmoidOf(x);
  if (KIND == ACT_GELU) return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
  if (KIND == ACT_GELU_TANH) return 0.5f * x * (1.0f + tanhOf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
  if (KIND == ACT_HARD_SIGMOID) return fminf(fmaxf(alpha * x + beta, 0.0f), 1.0f);
  if (KIND == ACT_HARD_SWISH) return x * fminf(fmaxf(x * (1.0f / 6.0f) + 0.5f, 0.0f), 1.0f);
  if (KIND == ACT_ELU) return x > 0.0f ? x : alpha * expm1f(x);
  if (KIND == ACT_MISH) return x * tanhf(x > 20.0f ? x : log1pf(expf(x)));
  if (KIND == ACT_SOFTPLUS) return x > 20.0f ? x : log1pf(expf(x));
  return x;
}
