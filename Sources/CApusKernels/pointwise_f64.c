#include <math.h>

#include "internal/pointwise.h"
#include "internal/transfer.h"

#define PW_ADD(x, y) ((x) + (y))
#define PW_SUB(x, y) ((x) - (y))
#define PW_MUL(x, y) ((x) * (y))
#define PW_DIV(x, y) ((x) / (y))
#define PW_MOD(x, y, c_like) modulo(x, y, c_like)
#define PW_POW(x, y) pow(x, y)

static inline double modulo(double x, double y, bool c_like) {
  const double r = fmod(x, y);
  return c_like || r == 0 || (r < 0) == (y < 0) ? r : r + y;
}

static inline double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static inline double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static inline double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
static inline double is_inf(double x, double sign) { return isinf(x) && (sign == 0 || (x > 0) == (sign > 0)); }

static inline double cast(double x, int32_t type) {
  char buffer[8];
  apus_store_f64(buffer, &x, (apus_dtype)type, 1, 1);
  apus_load_f64(&x, buffer, (apus_dtype)type, 1, 1);
  return x;
}

#define PW_MORE                                                                          \
  PW2(APUS_PW_ATAN2, atan2(x, y))                                                        \
  PW(APUS_PW_EXP, exp(x))                                                                \
  PW(APUS_PW_EXPM1, expm1(x))                                                            \
  PW(APUS_PW_LOG, log(x))                                                                \
  PW(APUS_PW_LOG1P, log1p(x))                                                            \
  PW(APUS_PW_SQRT, sqrt(x))                                                              \
  PW(APUS_PW_RSQRT, 1 / sqrt(x))                                                         \
  PW(APUS_PW_RECIPROCAL, 1 / x)                                                          \
  PW(APUS_PW_FLOOR, floor(x))                                                            \
  PW(APUS_PW_CEIL, ceil(x))                                                              \
  PW(APUS_PW_ROUND, nearbyint(x))                                                        \
  PW(APUS_PW_TRUNC, trunc(x))                                                            \
  PW(APUS_PW_ERF, erf(x))                                                                \
  PW(APUS_PW_TANH, tanh(x))                                                              \
  PW(APUS_PW_SIGMOID, sigmoid(x))                                                        \
  PW(APUS_PW_SIN, sin(x))                                                                \
  PW(APUS_PW_COS, cos(x))                                                                \
  PW(APUS_PW_TAN, tan(x))                                                                \
  PW(APUS_PW_ASIN, asin(x))                                                              \
  PW(APUS_PW_ACOS, acos(x))                                                              \
  PW(APUS_PW_ATAN, atan(x))                                                              \
  PW(APUS_PW_SINH, sinh(x))                                                              \
  PW(APUS_PW_COSH, cosh(x))                                                              \
  PW(APUS_PW_ASINH, asinh(x))                                                            \
  PW(APUS_PW_ACOSH, acosh(x))                                                            \
  PW(APUS_PW_ATANH, atanh(x))                                                            \
  PW(APUS_PW_ISNAN, isnan(x) != 0)                                                       \
  PW(APUS_PW_ISINF, is_inf(x, i->alpha))                                                 \
  PW(APUS_PW_SOFTPLUS, softplus(x))                                                      \
  PW(APUS_PW_SOFTSIGN, x / (1 + fabs(x)))                                                \
  PW(APUS_PW_LEAKY_RELU, x < 0 ? i->alpha * x : x)                                       \
  PW(APUS_PW_ELU, x < 0 ? i->alpha * expm1(x) : x)                                       \
  PW(APUS_PW_SELU, i->beta * (x < 0 ? i->alpha * expm1(x) : x))                          \
  PW(APUS_PW_CELU, x < 0 ? i->alpha * expm1(x / i->alpha) : x)                           \
  PW(APUS_PW_HARD_SIGMOID, clamp(i->alpha * x + i->beta, 0, 1))                          \
  PW(APUS_PW_HARD_SWISH, x * clamp(x / 6 + 0.5, 0, 1))                                   \
  PW(APUS_PW_MISH, x * tanh(softplus(x)))                                                \
  PW(APUS_PW_THRESHOLDED_RELU, x > i->alpha || isnan(x) ? x : 0)                         \
  PW(APUS_PW_CLIP, clamp(x, i->alpha, i->beta))                                          \
  PW(APUS_PW_GELU, 0.5 * x * (1 + erf(x * 0.70710678118654752)))                         \
  PW(APUS_PW_GELU_TANH, x * sigmoid(1.5957691216057308 * (x + 0.044715 * x * x * x)))    \
  PW(APUS_PW_SILU, x * sigmoid(i->alpha * x))                                            \
  PW(APUS_PW_SHRINK, x < -i->alpha ? x + i->beta : x > i->alpha ? x - i->beta : 0)       \
  PW(APUS_PW_CAST, cast(x, i->b))

#define PW_NAME apus_pointwise_f64
#define PW_TYPE double
#include "internal/pointwise_plain.inc.h"
