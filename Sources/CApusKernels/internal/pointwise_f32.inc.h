// Arithmetic of the pointwise programs in FP32, for the level being compiled.
#include "math.inc.h"
#include "activation.inc.h"

#define PW(OP, VALUE)                                      \
  case OP:                                                 \
    for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {        \
      const vf x = vload(a + j);                           \
      vstore(dst + j, VALUE);                              \
    }                                                      \
    break;
#define PW2(OP, VALUE)                                     \
  case OP:                                                 \
    for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {        \
      const vf x = vload(a + j), y = vload(b + j);         \
      vstore(dst + j, VALUE);                              \
    }                                                      \
    break;
#define PW3(OP, VALUE)                                              \
  case OP:                                                          \
    for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {                 \
      const vf x = vload(a + j), y = vload(b + j), z = vload(c + j); \
      vstore(dst + j, VALUE);                                       \
    }                                                               \
    break;
/// Element by element, by the C library.
#define PW_EACH(OP, VALUE)                                 \
  case OP:                                                 \
    for (ptrdiff_t j = 0; j < n; j++) {                    \
      const float x = a[j];                                \
      dst[j] = VALUE;                                      \
    }                                                      \
    break;
#define PW_TRUTH(MASK) vselect(MASK, one, zero)
#define PW_ACT(OP, ACT) PW(OP, vactivate(ACT, x, alpha, beta))

INLINE vf FN(pw_sign_of)(vf magnitude, vf sign) {
  return (vf)(((vi)magnitude & 0x7fffffff) | ((vi)sign & vseti((int32_t)0x80000000)));
}

static void FN(pw_binary)(
    const apus_pointwise_instruction *i, float *dst, const float *a, const float *b, ptrdiff_t n) {
  const vf one = vset(1.0f), zero = vset(0.0f);
  switch (i->op) {
    PW2(APUS_PW_ADD, x + y)
    PW2(APUS_PW_SUB, x - y)
    PW2(APUS_PW_MUL, x * y)
    PW2(APUS_PW_DIV, x / y)
    PW2(APUS_PW_MIN, vselect(x != x, x, vmin(x, y)))
    PW2(APUS_PW_MAX, vselect(x != x, x, vmax(x, y)))
    PW2(APUS_PW_EQUAL, PW_TRUTH(x == y))
    PW2(APUS_PW_NOT_EQUAL, PW_TRUTH(x != y))
    PW2(APUS_PW_LESS, PW_TRUTH(x < y))
    PW2(APUS_PW_LESS_EQUAL, PW_TRUTH(x <= y))
    PW2(APUS_PW_GREATER, PW_TRUTH(x > y))
    PW2(APUS_PW_GREATER_EQUAL, PW_TRUTH(x >= y))
    PW2(APUS_PW_AND, PW_TRUTH((x != zero) & (y != zero)))
    PW2(APUS_PW_OR, PW_TRUTH((x != zero) | (y != zero)))
    PW2(APUS_PW_XOR, PW_TRUTH((x != zero) ^ (y != zero)))
    PW2(APUS_PW_PRELU, vselect(x < zero, x * y, x))
  case APUS_PW_POW: apus_pw_pow(dst, a, b, n); break;
  case APUS_PW_ATAN2:
    for (ptrdiff_t j = 0; j < n; j++) dst[j] = atan2f(a[j], b[j]);
    break;
  case APUS_PW_MOD:
    for (ptrdiff_t j = 0; j < n; j++) {
      const float r = fmodf(a[j], b[j]);
      dst[j] = i->alpha == 1 || r == 0 || (r < 0) == (b[j] < 0) ? r : r + b[j];
    }
    break;
  default: break;
  }
}

static void FN(pw_rounding)(const apus_pointwise_instruction *i, float *dst, const float *a, ptrdiff_t n) {
  const vf one = vset(1.0f), zero = vset(0.0f);
  const float inf = __builtin_inff();
  switch (i->op) {
    PW(APUS_PW_NEG, -x)
    PW(APUS_PW_ABS, (vf)((vi)x & 0x7fffffff))
    PW(APUS_PW_SIGN, vselect(x > zero, one, vselect(x < zero, -one, x)))
    PW(APUS_PW_NOT, PW_TRUTH(x == zero))
    PW(APUS_PW_SQRT, vsqrt(x))
    PW(APUS_PW_RSQRT, 1.0f / vsqrt(x))
    PW(APUS_PW_RECIPROCAL, 1.0f / x)
    PW(APUS_PW_FLOOR, __builtin_elementwise_floor(x))
    PW(APUS_PW_CEIL, __builtin_elementwise_ceil(x))
    PW(APUS_PW_ROUND, __builtin_elementwise_roundeven(x))
    PW(APUS_PW_TRUNC, __builtin_elementwise_trunc(x))
    PW(APUS_PW_ISNAN, PW_TRUTH(x != x))
  case APUS_PW_ISINF: {
    const vi up = vseti(i->alpha >= 0 ? -1 : 0), down = vseti(i->alpha <= 0 ? -1 : 0);
    for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
      const vf x = vload(a + j);
      vstore(dst + j, PW_TRUTH(((x == inf) & up) | ((x == -inf) & down)));
    }
    break;
  }
  default: break;
  }
}

/// Vectors where every |x| <= 8192; the C library for others.
static void FN(pw_trigonometric)(const apus_pointwise_instruction *i, float *dst, const float *a, ptrdiff_t n) {
  const bool sine = i->op == APUS_PW_SIN;
  for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
    const vf x = vload(a + j);
    const vf size = (vf)((vi)x & 0x7fffffff);
    if (vhmax(size) <= 8192.0f) {
      vstore(dst + j, sine ? vsin(x) : vcos(x));
      continue;
    }
    for (ptrdiff_t k = j; k < j + APUS_LANES; k++) dst[k] = sine ? sinf(a[k]) : cosf(a[k]);
  }
}

static void FN(pw_function)(const apus_pointwise_instruction *i, float *dst, const float *a, ptrdiff_t n) {
  const float alpha = (float)i->alpha, beta = (float)i->beta;
  const vf zero = vset(0.0f), one = vset(1.0f);
  switch (i->op) {
    PW(APUS_PW_EXP, vexp(x))
    PW(APUS_PW_EXPM1, vselect(x < -17.0f, -one, vselect(x > 80.0f, vexp(x), vexpm1(x))))
    PW(APUS_PW_LOG, vlog(x))
    PW(APUS_PW_ERF, verf(x))
    PW_EACH(APUS_PW_LOG1P, log1pf(x))
    PW_EACH(APUS_PW_TAN, tanf(x))
    PW_EACH(APUS_PW_ASIN, asinf(x))
    PW_EACH(APUS_PW_ACOS, acosf(x))
    PW_EACH(APUS_PW_ATAN, atanf(x))
    PW_EACH(APUS_PW_SINH, sinhf(x))
    PW_EACH(APUS_PW_COSH, coshf(x))
    PW_EACH(APUS_PW_ASINH, asinhf(x))
    PW_EACH(APUS_PW_ACOSH, acoshf(x))
    PW_EACH(APUS_PW_ATANH, atanhf(x))
    PW(APUS_PW_SOFTSIGN, x / (1.0f + (vf)((vi)x & 0x7fffffff)))
    PW(APUS_PW_CELU, vselect(x < zero, alpha * vexpm1(x / alpha), x))
    PW(APUS_PW_THRESHOLDED_RELU, vselect((x > alpha) | (x != x), x, zero))
    PW(APUS_PW_SHRINK, vselect(x < -alpha, x + beta, vselect(x > alpha, x - beta, zero)))
    PW_ACT(APUS_PW_RELU, APUS_ACT_RELU)
    PW_ACT(APUS_PW_CLIP, APUS_ACT_CLIP)
    PW_ACT(APUS_PW_TANH, APUS_ACT_TANH)
    PW_ACT(APUS_PW_SIGMOID, APUS_ACT_SIGMOID)
    PW_ACT(APUS_PW_SOFTPLUS, APUS_ACT_SOFTPLUS)
    PW_ACT(APUS_PW_LEAKY_RELU, APUS_ACT_LEAKY_RELU)
    PW_ACT(APUS_PW_ELU, APUS_ACT_ELU)
    PW_ACT(APUS_PW_SELU, APUS_ACT_SELU)
    PW_ACT(APUS_PW_HARD_SIGMOID, APUS_ACT_HARD_SIGMOID)
    PW_ACT(APUS_PW_HARD_SWISH, APUS_ACT_HARD_SWISH)
    PW_ACT(APUS_PW_MISH, APUS_ACT_MISH)
    PW_ACT(APUS_PW_GELU, APUS_ACT_GELU)
    PW_ACT(APUS_PW_GELU_TANH, APUS_ACT_GELU_TANH)
    PW_ACT(APUS_PW_SILU, APUS_ACT_SILU)
  default: break;
  }
}

void FN(apus_pointwise_f32)(
    const apus_pointwise_instruction *i, float *dst, const float *a, const float *b, const float *c,
    ptrdiff_t n) {
  const vf zero = vset(0.0f);
  switch (i->op) {
    PW3(APUS_PW_SELECT, vselect(x != zero, y, z))
    PW3(APUS_PW_FMA, x * y + z)
  case APUS_PW_SIN:
  case APUS_PW_COS: FN(pw_trigonometric)(i, dst, a, n); break;
  default:
    // An operation is in exactly one of these groups.
    if (i->op < APUS_PW_NEG) FN(pw_binary)(i, dst, a, b, n);
    else if (apus_pw_is_rounding(i->op)) FN(pw_rounding)(i, dst, a, n);
    else FN(pw_function)(i, dst, a, n);
  }
}
#undef PW
#undef PW2
#undef PW3
#undef PW_EACH
#undef PW_TRUTH
#undef PW_ACT
