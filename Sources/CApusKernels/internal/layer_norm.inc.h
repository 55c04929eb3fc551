// Row normalisation for the level being compiled.

/// Lanes at and beyond `n` set to zero.
INLINE vf FN(norm_head)(vf v, ptrdiff_t n) {
  if (n >= APUS_LANES) return v;
  float lanes[APUS_LANES];
  vstore(lanes, v);
  for (ptrdiff_t k = apus_max(n, 0); k < APUS_LANES; k++) lanes[k] = 0;
  return vload(lanes);
}

static void FN(layer_norm_row)(const layer_norm_job *job, ptrdiff_t row) {
  const apus_layer_norm *norm = job->norm;
  const ptrdiff_t n = norm->count, at = row * n;
  float mean = 0;
  if (!norm->rms) {
    vf sums = vset(0.0f);
    for (ptrdiff_t i = 0; i < n; i += APUS_LANES) sums += vload_as(job->in, norm->in_type, at + i, n - i);
    mean = vsum(sums) / (float)n;
  }
  vf squares = vset(0.0f);
  for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
    const vf d = FN(norm_head)(vload_as(job->in, norm->in_type, at + i, n - i) - mean, n - i);
    squares += d * d;
  }
  const float inverse = 1.0f / sqrtf(vsum(squares) / (float)n + norm->epsilon);
  for (ptrdiff_t i = 0; i < n; i += APUS_LANES) {
    const ptrdiff_t left = n - i;
    vf y = (vload_as(job->in, norm->in_type, at + i, left) - mean) * inverse;
    if (job->scale != NULL) y *= vload_as(job->scale, APUS_F32, i, left);
    if (job->bias != NULL) y += vload_as(job->bias, APUS_F32, i, left);
    vstore_as(job->out, norm->out_type, at + i, left, y);
  }
  if (job->means != NULL) job->means[row] = mean;
  if (job->inverse_deviations != NULL) job->inverse_deviations[row] = inverse;
}

static void FN(layer_norm_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const layer_norm_job *job = context;
  const ptrdiff_t end = apus_min(job->norm->rows, (task + 1) * job->block);
  for (ptrdiff_t row = task * job->block; row < end; row++) FN(layer_norm_row)(job, row);
}
