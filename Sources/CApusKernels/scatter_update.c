#include "internal/indices.h"

// Replacing is a copy of bytes; the other updates know their type.
#define JOIN_FLOAT_MAX(a, b) ((a) != (a) ? (a) : (b) != (b) ? (b) : (a) > (b) ? (a) : (b))
#define JOIN_FLOAT_MIN(a, b) ((a) != (a) ? (a) : (b) != (b) ? (b) : (a) < (b) ? (a) : (b))
#define JOIN_MAX(a, b) ((a) > (b) ? (a) : (b))
#define JOIN_MIN(a, b) ((a) < (b) ? (a) : (b))

#define EACH(EXPRESSION)                    \
  for (ptrdiff_t k = 0; k < n; k++) {       \
    const ptrdiff_t i = at ? at[k] : k;     \
    const TYPE a = x[i], b = u[k];          \
    x[i] = (TYPE)(EXPRESSION);              \
  }

#define DEFINE_UPDATE(NAME, ADD, MUL, MAX, MIN)                                                     \
  static void NAME(apus_scatter op, void *to, const ptrdiff_t *at, const void *updates, ptrdiff_t n) { \
    TYPE *x = to;                                                                                   \
    const TYPE *u = updates;                                                                        \
    switch (op) {                                                                                   \
    case APUS_SCATTER_ADD: EACH(ADD) break;                                                         \
    case APUS_SCATTER_MUL: EACH(MUL) break;                                                         \
    case APUS_SCATTER_MAX: EACH(MAX(a, b)) break;                                                   \
    case APUS_SCATTER_MIN: EACH(MIN(a, b)) break;                                                   \
    default: break;                                                                                 \
    }                                                                                               \
  }

#define TYPE float
DEFINE_UPDATE(update_f32, a + b, a * b, JOIN_FLOAT_MAX, JOIN_FLOAT_MIN)
#undef TYPE
#define TYPE double
DEFINE_UPDATE(update_f64, a + b, a * b, JOIN_FLOAT_MAX, JOIN_FLOAT_MIN)
#undef TYPE
#define TYPE int8_t
DEFINE_UPDATE(update_i8, a + b, a * b, JOIN_MAX, JOIN_MIN)
#undef TYPE
#define TYPE uint8_t
DEFINE_UPDATE(update_u8, a + b, a * b, JOIN_MAX, JOIN_MIN)
#undef TYPE
// Sums and products wrap around.
#define TYPE int32_t
DEFINE_UPDATE(update_i32, (uint32_t)a + (uint32_t)b, (uint32_t)a * (uint32_t)b, JOIN_MAX, JOIN_MIN)
#undef TYPE
#define TYPE int64_t
DEFINE_UPDATE(update_i64, (uint64_t)a + (uint64_t)b, (uint64_t)a * (uint64_t)b, JOIN_MAX, JOIN_MIN)
#undef TYPE

#define DEFINE_REPLACE(NAME, TYPE)                                                                  \
  static void NAME(void *to, const ptrdiff_t *at, const void *updates, ptrdiff_t n) {               \
    for (ptrdiff_t k = 0; k < n; k++) ((TYPE *)to)[at[k]] = ((const TYPE *)updates)[k];             \
  }
DEFINE_REPLACE(replace_1, uint8_t)
DEFINE_REPLACE(replace_2, uint16_t)
DEFINE_REPLACE(replace_4, uint32_t)
DEFINE_REPLACE(replace_8, uint64_t)

static void update(
    apus_scatter op, apus_dtype type, void *to, const ptrdiff_t *at, const void *updates, ptrdiff_t n) {
  switch (type) {
  case APUS_F32: update_f32(op, to, at, updates, n); break;
  case APUS_F64: update_f64(op, to, at, updates, n); break;
  case APUS_I8: update_i8(op, to, at, updates, n); break;
  case APUS_U8: update_u8(op, to, at, updates, n); break;
  case APUS_I32: update_i32(op, to, at, updates, n); break;
  case APUS_I64: update_i64(op, to, at, updates, n); break;
  default: break;
  }
}

bool apus_scatter_takes(apus_dtype type) {
  return type == APUS_F32 || type == APUS_F64 || type == APUS_I8 || type == APUS_U8 || type == APUS_I32 ||
         type == APUS_I64;
}

void apus_scatter_span(
    apus_scatter op, apus_dtype type, ptrdiff_t element_bytes, void *to, const void *updates, ptrdiff_t n) {
  if (op == APUS_SCATTER_REPLACE) memcpy(to, updates, (size_t)(n * element_bytes));
  else update(op, type, to, NULL, updates, n);
}

void apus_scatter_at(
    apus_scatter op, apus_dtype type, ptrdiff_t element_bytes, void *to, const ptrdiff_t *offsets, const void *updates,
    ptrdiff_t n) {
  if (op != APUS_SCATTER_REPLACE) {
    update(op, type, to, offsets, updates, n);
    return;
  }
  switch (element_bytes) {
  case 1: replace_1(to, offsets, updates, n); break;
  case 2: replace_2(to, offsets, updates, n); break;
  case 4: replace_4(to, offsets, updates, n); break;
  case 8: replace_8(to, offsets, updates, n); break;
  default:
    for (ptrdiff_t k = 0; k < n; k++)
      memcpy(
          (char *)to + offsets[k] * element_bytes, (const char *)updates + k * element_bytes, (size_t)element_bytes);
  }
}

typedef struct bytes_job {
  const char *from;
  char *to;
  ptrdiff_t bytes;
} bytes_job;

enum { bytes_of_task = 1 << 18 };

static void bytes_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const bytes_job *job = context;
  const ptrdiff_t first = task * bytes_of_task;
  memcpy(job->to + first, job->from + first, (size_t)apus_min(bytes_of_task, job->bytes - first));
}

void apus_copy_bytes(const void *from, void *to, ptrdiff_t bytes, apus_pool *pool) {
  if (from == to || bytes <= 0) return;
  bytes_job job = {.from = from, .to = to, .bytes = bytes};
  apus_pool_run(pool, apus_ceil_div(bytes, bytes_of_task), bytes_task, &job);
}
