// Operations common to the plain domains: the including file defines PW_NAME, PW_TYPE, PW_DIV(x, y),
// PW_MOD(x, y, c_like), PW_POW(x, y) and PW_MORE, the cases of its own.
#define PW(OP, VALUE)                       \
  case OP:                                  \
    for (ptrdiff_t j = 0; j < n; j++) {     \
      const PW_TYPE x = a[j];               \
      dst[j] = VALUE;                       \
    }                                       \
    break;
#define PW2(OP, VALUE)                      \
  case OP:                                  \
    for (ptrdiff_t j = 0; j < n; j++) {     \
      const PW_TYPE x = a[j], y = b[j];     \
      dst[j] = VALUE;                       \
    }                                       \
    break;
#define PW3(OP, VALUE)                                 \
  case OP:                                             \
    for (ptrdiff_t j = 0; j < n; j++) {                \
      const PW_TYPE x = a[j], y = b[j], z = c[j];      \
      dst[j] = VALUE;                                  \
    }                                                  \
    break;

void PW_NAME(
    const apus_pointwise_instruction *i, PW_TYPE *dst, const PW_TYPE *a, const PW_TYPE *b, const PW_TYPE *c,
    ptrdiff_t n) {
  switch (i->op) {
    PW2(APUS_PW_ADD, PW_ADD(x, y))
    PW2(APUS_PW_SUB, PW_SUB(x, y))
    PW2(APUS_PW_MUL, PW_MUL(x, y))
    PW2(APUS_PW_DIV, PW_DIV(x, y))
    PW2(APUS_PW_MOD, PW_MOD(x, y, i->alpha == 1))
    PW2(APUS_PW_POW, PW_POW(x, y))
    PW2(APUS_PW_MIN, x != x || x < y ? x : y)
    PW2(APUS_PW_MAX, x != x || x > y ? x : y)
    PW2(APUS_PW_EQUAL, x == y)
    PW2(APUS_PW_NOT_EQUAL, x != y)
    PW2(APUS_PW_LESS, x < y)
    PW2(APUS_PW_LESS_EQUAL, x <= y)
    PW2(APUS_PW_GREATER, x > y)
    PW2(APUS_PW_GREATER_EQUAL, x >= y)
    PW2(APUS_PW_AND, x != 0 && y != 0)
    PW2(APUS_PW_OR, x != 0 || y != 0)
    PW2(APUS_PW_XOR, (x != 0) != (y != 0))
    PW2(APUS_PW_PRELU, x < 0 ? PW_MUL(x, y) : x)
    PW(APUS_PW_NEG, PW_SUB(0, x))
    PW(APUS_PW_ABS, x < 0 ? PW_SUB(0, x) : x)
    PW(APUS_PW_SIGN, x > 0 ? 1 : x < 0 ? -1 : x)
    PW(APUS_PW_NOT, x == 0)
    PW(APUS_PW_RELU, x < 0 ? 0 : x)
    PW3(APUS_PW_SELECT, x != 0 ? y : z)
    PW3(APUS_PW_FMA, PW_ADD(PW_MUL(x, y), z))
    PW_MORE
  default: break;
  }
}
#undef PW
#undef PW2
#undef PW3
