// Narrow integers to and from FP32 for the level being compiled: plain loops that compilers vectorise.

#define DEFINE_ROW(NAME, TYPE, LOW, HIGH)                                                                       \
  INLINE void FN(quantize_span_##NAME)(                                                                         \
      const float *in, const float *scales, const TYPE *zeros, const ptrdiff_t step, TYPE *out, ptrdiff_t n) {  \
    for (ptrdiff_t j = 0; j < n; j++) {                                                                         \
      const float zero = zeros ? (float)zeros[j * step] : 0.0f, q = in[j] / scales[j * step];                   \
      /* Bounds are whole numbers: clamping first gives the same result. */                                     \
      const float low = LOW - zero, high = HIGH - zero;                                                         \
      const float kept = q < low ? low : q > high ? high : q;                                                   \
      /* Adding and taking away 1.5 * 2^23 rounds to even. */                                                   \
      const float whole = (kept + 12582912.0f) - 12582912.0f;                                                   \
      out[j] = (TYPE)(int32_t)(q == q ? whole + zero : 0.0f);                                                   \
    }                                                                                                           \
  }                                                                                                             \
  INLINE void FN(dequantize_span_##NAME)(                                                                       \
      const TYPE *in, const float *scales, const TYPE *zeros, const ptrdiff_t step, float *out, ptrdiff_t n) {  \
    for (ptrdiff_t j = 0; j < n; j++)                                                                           \
      out[j] = (float)((int32_t)in[j] - (zeros ? (int32_t)zeros[j * step] : 0)) * scales[j * step];             \
  }                                                                                                             \
  static void FN(quantize_row_##NAME)(                                                                          \
      const quantize_job *job, ptrdiff_t at, ptrdiff_t parameter, ptrdiff_t n) {                                \
    const TYPE *zeros = job->zeros ? (const TYPE *)job->zeros + parameter : NULL;                               \
    const float *scales = job->scales + parameter;                                                              \
    if (job->reads_narrow) {                                                                                    \
      const TYPE *in = (const TYPE *)job->in + at;                                                              \
      if (job->layout->step == 0) FN(dequantize_span_##NAME)(in, scales, zeros, 0, (float *)job->out + at, n);  \
      else FN(dequantize_span_##NAME)(in, scales, zeros, 1, (float *)job->out + at, n);                         \
      return;                                                                                                   \
    }                                                                                                           \
    const float *in = (const float *)job->in + at;                                                              \
    if (job->layout->step == 0) FN(quantize_span_##NAME)(in, scales, zeros, 0, (TYPE *)job->out + at, n);       \
    else FN(quantize_span_##NAME)(in, scales, zeros, 1, (TYPE *)job->out + at, n);                              \
  }

DEFINE_ROW(i8, int8_t, -128.0f, 127.0f)
DEFINE_ROW(u8, uint8_t, 0.0f, 255.0f)
DEFINE_ROW(i16, int16_t, -32768.0f, 32767.0f)
DEFINE_ROW(u16, uint16_t, 0.0f, 65535.0f)
#undef DEFINE_ROW

/// I32 is only read, and needs more digits than FP32 has.
static void FN(dequantize_row_i32)(const quantize_job *job, ptrdiff_t at, ptrdiff_t parameter, ptrdiff_t n) {
  const int32_t *in = (const int32_t *)job->in + at;
  const ptrdiff_t step = job->layout->step;
  for (ptrdiff_t j = 0; j < n; j++) {
    const double zero = job->zeros ? (double)((const int32_t *)job->zeros)[parameter + j * step] : 0;
    ((float *)job->out)[at + j] = (float)(((double)in[j] - zero) * (double)job->scales[parameter + j * step]);
  }
}

static void FN(quantize_row)(const quantize_job *job, ptrdiff_t at, ptrdiff_t parameter, ptrdiff_t n) {
  switch (job->layout->type) {
  case APUS_I8: FN(quantize_row_i8)(job, at, parameter, n); break;
  case APUS_U8: FN(quantize_row_u8)(job, at, parameter, n); break;
  case APUS_I16: FN(quantize_row_i16)(job, at, parameter, n); break;
  case APUS_U16: FN(quantize_row_u16)(job, at, parameter, n); break;
  default: FN(dequantize_row_i32)(job, at, parameter, n); break;
  }
}

static void FN(quantize_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const quantize_job *job = context;
  const apus_quantized *l = job->layout;
  // Rows are cut into columns where they are long, or taken together where they are short.
  const ptrdiff_t column = task % job->columns * job->length, first = task / job->columns * job->rows;
  const ptrdiff_t n = apus_min(job->length, l->length - column), end = apus_min(l->rows, first + job->rows);
  for (ptrdiff_t row = first; row < end; row++) {
    const ptrdiff_t parameter =
        row / l->axis * l->outer_step + row % l->axis / l->block * l->block_step + column * l->step;
    FN(quantize_row)(job, row * l->length + column, parameter, n);
  }
}

/// The smallest and the largest of a part and 0.
static void FN(range_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const range_job *job = context;
  const ptrdiff_t first = task * quantize_block, n = apus_min(quantize_block, job->count - first);
  float low = 0, high = 0;
  for (ptrdiff_t i = first; i < first + n; i++) {
    low = job->in[i] < low ? job->in[i] : low;
    high = job->in[i] > high ? job->in[i] : high;
  }
  job->ranges[2 * task] = low;
  job->ranges[2 * task + 1] = high;
}
