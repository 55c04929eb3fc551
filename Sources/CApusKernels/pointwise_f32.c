#include <math.h>

#include "internal/pointwise.h"

static bool apus_pw_is_rounding(apus_pointwise_op op) {
  switch (op) {
  case APUS_PW_NEG:
  case APUS_PW_ABS:
  case APUS_PW_SIGN:
  case APUS_PW_NOT:
  case APUS_PW_SQRT:
  case APUS_PW_RSQRT:
  case APUS_PW_RECIPROCAL:
  case APUS_PW_FLOOR:
  case APUS_PW_CEIL:
  case APUS_PW_ROUND:
  case APUS_PW_TRUNC:
  case APUS_PW_ISNAN:
  case APUS_PW_ISINF: return true;
  default: return false;
  }
}

/// One exponent for the whole block is the common case: small whole ones are products.
static void apus_pw_pow(float *dst, const float *a, const float *b, ptrdiff_t n) {
  const float exponent = b[0];
  bool same = true;
  for (ptrdiff_t j = 1; j < n; j++) same &= b[j] == exponent;
  if (same && exponent == 2.0f) {
    for (ptrdiff_t j = 0; j < n; j++) dst[j] = a[j] * a[j];
  } else if (same && exponent == 3.0f) {
    for (ptrdiff_t j = 0; j < n; j++) dst[j] = a[j] * a[j] * a[j];
  } else {
    for (ptrdiff_t j = 0; j < n; j++) dst[j] = powf(a[j], b[j]);
  }
}

#define APUS_KERNEL "pointwise_f32.inc.h"
#include "internal/foreach_level.inc.h"
