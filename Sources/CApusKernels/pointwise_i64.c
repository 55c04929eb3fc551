#include "internal/pointwise.h"

// Sums and products wrap: they are computed unsigned.
#define PW_ADD(x, y) ((int64_t)((uint64_t)(x) + (uint64_t)(y)))
#define PW_SUB(x, y) ((int64_t)((uint64_t)(x) - (uint64_t)(y)))
#define PW_MUL(x, y) ((int64_t)((uint64_t)(x) * (uint64_t)(y)))
#define PW_DIV(x, y) divide(x, y)
#define PW_MOD(x, y, c_like) modulo(x, y, c_like)
#define PW_POW(x, y) power(x, y)

static inline int64_t divide(int64_t x, int64_t y) { return y == 0 ? 0 : y == -1 ? PW_SUB(0, x) : x / y; }

static inline int64_t modulo(int64_t x, int64_t y, bool c_like) {
  if (y == 0 || y == -1) return 0;
  const int64_t r = x % y;
  return c_like || r == 0 || (r < 0) == (y < 0) ? r : r + y;
}

static inline int64_t power(int64_t x, int64_t y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y % 2 == 0 ? 1 : -1) : 0;
  int64_t result = 1;
  for (; y > 0; y >>= 1, x = PW_MUL(x, x))
    if (y & 1) result = PW_MUL(result, x);
  return result;
}

static inline int64_t shift_left(int64_t x, int64_t y) { return y < 0 || y > 63 ? 0 : (int64_t)((uint64_t)x << y); }

static inline int64_t shift_right(int64_t x, int64_t y, double bits) {
  const uint64_t mask = bits >= 64 || bits < 1 ? UINT64_MAX : (UINT64_C(1) << (int)bits) - 1;
  return y < 0 || y > 63 ? 0 : (int64_t)(((uint64_t)x & mask) >> y);
}

/// The value after a trip through a narrower integer type.
static inline int64_t narrow(int64_t x, int32_t type) {
  switch (type) {
  case APUS_I8: return (int8_t)x;
  case APUS_U8: return (uint8_t)x;
  case APUS_I16: return (int16_t)x;
  case APUS_U16: return (uint16_t)x;
  case APUS_I32: return (int32_t)x;
  case APUS_U32: return (uint32_t)x;
  case APUS_BOOL: return x != 0;
  default: return x;
  }
}

#define PW_MORE                                                              \
  PW2(APUS_PW_BIT_AND, x & y)                                                \
  PW2(APUS_PW_BIT_OR, x | y)                                                 \
  PW2(APUS_PW_BIT_XOR, x ^ y)                                                \
  PW2(APUS_PW_SHIFT_LEFT, shift_left(x, y))                                  \
  PW2(APUS_PW_SHIFT_RIGHT, shift_right(x, y, i->alpha))                      \
  PW(APUS_PW_BIT_NOT, ~x)                                                    \
  PW(APUS_PW_CLIP, (double)x < i->alpha ? (int64_t)i->alpha : (double)x > i->beta ? (int64_t)i->beta : x) \
  PW(APUS_PW_CAST, narrow(x, i->b))

#define PW_NAME apus_pointwise_i64
#define PW_TYPE int64_t
#include "internal/pointwise_plain.inc.h"
