#include "internal/transfer.h"

#include "include/apus_convert.h"
#include "internal/narrow.h"

/// Truncation that saturates; NaN becomes 0.
static inline int64_t to_integer(double x, double low, double high, int64_t least, int64_t most) {
  if (x != x) return 0;
  return x <= low ? least : x >= high ? most : (int64_t)x;
}
static inline uint64_t to_unsigned(double x) {
  return !(x > 0) ? 0 : x >= 0x1p64 ? UINT64_MAX : (uint64_t)x;
}

#define SAME(x) (x)
#define TRUTH(x) ((x) != 0)
#define SAME_BF16(x) apus_bf16_to_f32(x)
#define SAME_F16(x) apus_f16_to_f32(x)
#define WHOLE(x) to_integer((double)(x), -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)
#define WHOLE_BF16(x) WHOLE(apus_bf16_to_f32(x))
#define WHOLE_F16(x) WHOLE(apus_f16_to_f32(x))

#define LOADS(T, TYPE, C, VALUE)                                                  \
  case TYPE: {                                                                    \
    const C *p = from;                                                            \
    if (stride == 1)                                                              \
      for (ptrdiff_t i = 0; i < n; i++) to[i] = (T)VALUE(p[i]);                    \
    else                                                                          \
      for (ptrdiff_t i = 0; i < n; i++) to[i] = (T)VALUE(p[i * stride]);           \
    break;                                                                        \
  }

#define DEFINE_LOAD(NAME, T, F)                                                                \
  void NAME(T *to, const void *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n) {        \
    switch (type) {                                                                           \
      LOADS(T, APUS_F32, float, F)                                                      \
      LOADS(T, APUS_BF16, uint16_t, F##_BF16)                                      \
      LOADS(T, APUS_F16, uint16_t, F##_F16)                                        \
      LOADS(T, APUS_F64, double, F)                                                     \
      LOADS(T, APUS_I8, int8_t, SAME)                                                         \
      LOADS(T, APUS_U8, uint8_t, SAME)                                                        \
      LOADS(T, APUS_I16, int16_t, SAME)                                                       \
      LOADS(T, APUS_U16, uint16_t, SAME)                                                      \
      LOADS(T, APUS_I32, int32_t, SAME)                                                       \
      LOADS(T, APUS_U32, uint32_t, SAME)                                                      \
      LOADS(T, APUS_I64, int64_t, SAME)                                                       \
      LOADS(T, APUS_U64, uint64_t, SAME)                                                      \
      LOADS(T, APUS_BOOL, uint8_t, TRUTH)                                                     \
    }                                                                                         \
  }

#define INTEGER_OF(LEAST, MOST) to_integer((double)v, (double)(LEAST), (double)(MOST), LEAST, MOST)

#define STORES(TYPE, C, VALUE)                                                    \
  case TYPE: {                                                                    \
    C *p = to;                                                                    \
    if (stride == 1)                                                              \
      for (ptrdiff_t i = 0; i < n; i++) {                                         \
        const __typeof__(*from) v = from[i];                                      \
        p[i] = (C)(VALUE);                                                        \
      }                                                                           \
    else                                                                          \
      for (ptrdiff_t i = 0; i < n; i++) {                                         \
        const __typeof__(*from) v = from[i];                                      \
        p[i * stride] = (C)(VALUE);                                               \
      }                                                                           \
    break;                                                                        \
  }

#define FLOAT_STORES                                       \
  STORES(APUS_F32, float, v)                               \
  STORES(APUS_BF16, uint16_t, apus_f32_to_bf16((float)v))  \
  STORES(APUS_F16, uint16_t, apus_f32_to_f16((float)v))    \
  STORES(APUS_F64, double, v)                              \
  STORES(APUS_BOOL, uint8_t, v != 0)

#define DEFINE_FLOAT_STORE(NAME, T)                                                           \
  void NAME(void *to, const T *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n) {        \
    switch (type) {                                                                           \
      FLOAT_STORES                                                                            \
      STORES(APUS_I8, int8_t, INTEGER_OF(INT8_MIN, INT8_MAX))                                 \
      STORES(APUS_U8, uint8_t, INTEGER_OF(0, UINT8_MAX))                                      \
      STORES(APUS_I16, int16_t, INTEGER_OF(INT16_MIN, INT16_MAX))                             \
      STORES(APUS_U16, uint16_t, INTEGER_OF(0, UINT16_MAX))                                   \
      STORES(APUS_I32, int32_t, INTEGER_OF(INT32_MIN, INT32_MAX))                             \
      STORES(APUS_U32, uint32_t, INTEGER_OF(0, UINT32_MAX))                                   \
      STORES(APUS_I64, int64_t, INTEGER_OF(INT64_MIN, INT64_MAX))                             \
      STORES(APUS_U64, uint64_t, to_unsigned((double)v))                                      \
    }                                                                                         \
  }

static DEFINE_LOAD(load_f32, float, SAME)
DEFINE_LOAD(apus_load_f64, double, SAME)
DEFINE_LOAD(apus_load_i64, int64_t, WHOLE)
static DEFINE_FLOAT_STORE(store_f32, float)
DEFINE_FLOAT_STORE(apus_store_f64, double)

static bool is_dense_short(apus_dtype type, ptrdiff_t stride) {
  return stride == 1 && (type == APUS_BF16 || type == APUS_F16);
}

void apus_load_f32(float *to, const void *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n) {
  if (is_dense_short(type, stride)) apus_widen(to, from, type, n);
  else load_f32(to, from, type, stride, n);
}

void apus_store_f32(void *to, const float *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n) {
  if (is_dense_short(type, stride)) apus_narrow(to, from, type, n);
  else store_f32(to, from, type, stride, n);
}

void apus_store_i64(void *to, const int64_t *from, apus_dtype type, ptrdiff_t stride, ptrdiff_t n) {
  switch (type) {
    FLOAT_STORES
    STORES(APUS_I8, int8_t, v)
    STORES(APUS_U8, uint8_t, v)
    STORES(APUS_I16, int16_t, v)
    STORES(APUS_U16, uint16_t, v)
    STORES(APUS_I32, int32_t, v)
    STORES(APUS_U32, uint32_t, v)
    STORES(APUS_I64, int64_t, v)
    STORES(APUS_U64, uint64_t, v)
  }
}

enum { CHUNK = 512, CHUNKS_PER_TASK = 64 };

typedef struct conversion {
  apus_dtype from_type, to_type;
  const char *from;
  char *to;
  ptrdiff_t n;
} conversion;

static bool is_float(apus_dtype type) { return type <= APUS_F64; }

static void convert_chunk(const conversion *c, const void *from, void *to, ptrdiff_t n) {
  const bool wide = c->from_type == APUS_F64 || (c->from_type == APUS_U64 && is_float(c->to_type));
  if (!is_float(c->from_type) && !wide) {
    int64_t buffer[CHUNK];
    apus_load_i64(buffer, from, c->from_type, 1, n);
    apus_store_i64(to, buffer, c->to_type, 1, n);
  } else if (wide) {
    double buffer[CHUNK];
    apus_load_f64(buffer, from, c->from_type, 1, n);
    apus_store_f64(to, buffer, c->to_type, 1, n);
  } else {
    float buffer[CHUNK];
    apus_load_f32(buffer, from, c->from_type, 1, n);
    apus_store_f32(to, buffer, c->to_type, 1, n);
  }
}

static void convert_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const conversion *c = context;
  const ptrdiff_t from_size = apus_element_bytes(c->from_type), to_size = apus_element_bytes(c->to_type);
  const ptrdiff_t begin = task * CHUNK * CHUNKS_PER_TASK, end = apus_min(c->n, begin + CHUNK * CHUNKS_PER_TASK);
  for (ptrdiff_t i = begin; i < end; i += CHUNK)
    convert_chunk(c, c->from + i * from_size, c->to + i * to_size, apus_min(CHUNK, end - i));
}

void apus_convert(
    apus_dtype from_type, const void *from, apus_dtype to_type, void *to, ptrdiff_t n, apus_pool *pool) {
  conversion c = {.from_type = from_type, .to_type = to_type, .from = from, .to = to, .n = n};
  apus_pool_run(pool, apus_ceil_div(n, CHUNK * CHUNKS_PER_TASK), convert_task, &c);
}
