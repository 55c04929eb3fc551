// One block of channels of one output pixel, for the level being compiled.
#define pool_block FN(pool_block)

/// `vectors` vectors of channels from `c` on; `last` channels in the last vector.
INLINE void pool_block(
    const int vectors, const bool max, const apus_dtype in_type, const apus_pooling_job *job, const ptrdiff_t begin[3],
    const ptrdiff_t end[3], ptrdiff_t in, float scale, ptrdiff_t c, ptrdiff_t last, ptrdiff_t out) {
  const apus_pooling *p = job->pooling;
  const apus_dtype out_type = p->out_type;
  const ptrdiff_t step = p->channels, row = p->in[2] * step, plane = p->in[1] * row;
  vf value[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < vectors; j++) value[j] = max ? vset(-__builtin_inff()) : vset(0.0f);
  for (ptrdiff_t z = begin[0]; z < end[0]; z++)
    for (ptrdiff_t y = begin[1]; y < end[1]; y++)
      for (ptrdiff_t x = begin[2]; x < end[2]; x++) {
        const ptrdiff_t at =
            in + z * p->dilation[0] * plane + y * p->dilation[1] * row + x * p->dilation[2] * step + c;
#pragma clang loop unroll(full)
        for (int j = 0; j < vectors; j++) {
          vf v = vload_as(job->in, in_type, at + j * APUS_LANES, j == vectors - 1 ? last : APUS_LANES);
          // NaN wins over every maximum.
          if (max) value[j] = vselect(value[j] != value[j], value[j], vmax(value[j], v));
          else value[j] += v;
        }
      }
#pragma clang loop unroll(full)
  for (int j = 0; j < vectors; j++)
    vstore_as(job->out, out_type, out + c + j * APUS_LANES, j == vectors - 1 ? last : APUS_LANES,
              max ? value[j] : value[j] * scale);
}

INLINE void FN(pool_pixel)(
    const bool max, const apus_dtype in_type, const apus_pooling_job *job, const ptrdiff_t begin[3], const ptrdiff_t end[3],
    ptrdiff_t in, float scale, ptrdiff_t first, ptrdiff_t limit, ptrdiff_t out) {
  ptrdiff_t c = first;
  for (; c + 4 * APUS_LANES <= limit; c += 4 * APUS_LANES)
    pool_block(4, max, in_type, job, begin, end, in, scale, c, APUS_LANES, out);
  for (; c < limit; c += APUS_LANES)
    pool_block(1, max, in_type, job, begin, end, in, scale, c, apus_min(APUS_LANES, limit - c), out);
}

static void FN(pool_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const apus_pooling_job *job = context;
  const apus_pooling *p = job->pooling;
  const ptrdiff_t first = task % job->blocks * job->block, limit = apus_min(p->channels, first + job->block);
  const ptrdiff_t row = task / job->blocks;
  const ptrdiff_t o[3] = {row / p->out[1] % p->out[0], row % p->out[1], 0};
  const ptrdiff_t image = row / p->out[1] / p->out[0];
  for (ptrdiff_t ox = 0; ox < p->out[2]; ox++) {
    ptrdiff_t begin[3], end[3], start[3], counted = 1;
    for (int i = 0; i < 3; i++) {
      const ptrdiff_t at = i == 2 ? ox : o[i], d = p->dilation[i];
      start[i] = at * p->stride[i] - p->pad[i];
      begin[i] = start[i] >= 0 ? 0 : apus_ceil_div(-start[i], d);
      const ptrdiff_t room = p->in[i] - start[i], padded = room + p->pad_end[i];
      end[i] = room <= 0 ? 0 : apus_min(p->kernel[i], apus_ceil_div(room, d));
      end[i] = apus_max(begin[i], end[i]);
      const ptrdiff_t wide = padded <= 0 ? 0 : apus_min(p->kernel[i], apus_ceil_div(padded, d));
      counted *= p->count_padding ? wide : end[i] - begin[i];
    }
    const float scale = counted > 0 ? 1.0f / (float)counted : 0.0f;
    const ptrdiff_t pixel =
        ((image * p->in[0] + start[0]) * p->in[1] + start[1]) * p->in[2] + start[2];
    const ptrdiff_t out = (row * p->out[2] + ox) * p->channels;
#define POOL_PIXEL(MAX, TYPE) \
  FN(pool_pixel)(MAX, TYPE, job, begin, end, pixel * p->channels, scale, first, limit, out)
    if (p->mode == APUS_POOLING_MAX && p->in_type == APUS_F32) POOL_PIXEL(true, APUS_F32);
    else if (p->mode == APUS_POOLING_MAX) POOL_PIXEL(true, APUS_BF16);
    else if (p->in_type == APUS_F32) POOL_PIXEL(false, APUS_F32);
    else POOL_PIXEL(false, APUS_BF16);
#undef POOL_PIXEL
  }
}
#undef pool_block
