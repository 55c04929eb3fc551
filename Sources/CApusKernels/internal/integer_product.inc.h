// Dot products of 16-bit integers for the level being compiled: loops that compilers turn into pairwise products.

/// Four columns of one row.
static void FN(dot_4)(const int16_t *a, const int16_t *b, ptrdiff_t k, ptrdiff_t column, int32_t *to) {
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  const int16_t *b0 = b, *b1 = b + column, *b2 = b + 2 * column, *b3 = b + 3 * column;
  for (ptrdiff_t i = 0; i < k; i++) {
    s0 += (int32_t)a[i] * b0[i];
    s1 += (int32_t)a[i] * b1[i];
    s2 += (int32_t)a[i] * b2[i];
    s3 += (int32_t)a[i] * b3[i];
  }
  to[0] = s0, to[1] = s1, to[2] = s2, to[3] = s3;
}

static int32_t FN(dot_1)(const int16_t *a, const int16_t *b, ptrdiff_t k) {
  int32_t sum = 0;
  for (ptrdiff_t i = 0; i < k; i++) sum += (int32_t)a[i] * b[i];
  return sum;
}

static void FN(dot_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const product_job *job = context;
  const ptrdiff_t row_blocks = apus_ceil_div(job->m, dot_rows), first = task % row_blocks * dot_rows;
  const ptrdiff_t column = task / row_blocks * dot_columns;
  const ptrdiff_t end = apus_min(job->m, first + dot_rows), last = apus_min(job->n, column + dot_columns);
  for (ptrdiff_t row = first; row < end; row++) {
    const int16_t *a = job->a + row * job->stride;
    int32_t *c = job->c + row * job->n;
    ptrdiff_t j = column;
    for (; j + 4 <= last; j += 4) FN(dot_4)(a, job->b + j * job->stride, job->stride, job->stride, c + j);
    for (; j < last; j++) c[j] = FN(dot_1)(a, job->b + j * job->stride, job->stride);
  }
}
