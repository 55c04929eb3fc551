// Group normalisation for the level being compiled: sums of each channel, then one scale and shift each.
#include "math.inc.h"
#include "activation.inc.h"

/// Sums of one vector of channels over all pixels of an image, about the first pixel's values.
static void FN(group_norm_sums)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const group_norm_job *job = context;
  const apus_group_norm *norm = job->norm;
  const ptrdiff_t blocks = apus_ceil_div(norm->channels, 16), image = task / blocks, first = task % blocks * 16;
  const ptrdiff_t end = apus_min(norm->channels, first + 16), channels = norm->channels;
  for (ptrdiff_t c = first; c < end; c += APUS_LANES) {
    const ptrdiff_t start = image * norm->pixels * channels + c, left = end - c;
    const vf origin = vload_as(job->in, norm->in_type, start, left);
    double sums[APUS_LANES] = {0}, squares[APUS_LANES] = {0};
    // Short runs in FP32, their totals in double precision.
    for (ptrdiff_t p0 = 0; p0 < norm->pixels; p0 += 64) {
      const ptrdiff_t p1 = apus_min(norm->pixels, p0 + 64);
      vf s = vset(0.0f), q = vset(0.0f);
      for (ptrdiff_t p = p0; p < p1; p++) {
        const vf d = vload_as(job->in, norm->in_type, start + p * channels, left) - origin;
        s += d;
        q += d * d;
      }
      for (int k = 0; k < APUS_LANES; k++) {
        sums[k] += (double)s[k];
        squares[k] += (double)q[k];
      }
    }
    for (ptrdiff_t k = 0; k < apus_min(left, APUS_LANES); k++) {
      channel_sums *to = &job->sums[image * channels + c + k];
      *to = (channel_sums){.origin = (double)origin[k], .sum = sums[k], .squares = squares[k]};
    }
  }
}

INLINE void FN(group_norm_pixels)(
    const apus_activation act, const group_norm_job *job, ptrdiff_t image, ptrdiff_t begin, ptrdiff_t end) {
  const apus_group_norm *norm = job->norm;
  const float *scale = job->scales + image * norm->channels, *shift = job->shifts + image * norm->channels;
  for (ptrdiff_t p = begin; p < end; p++) {
    const ptrdiff_t at = (image * norm->pixels + p) * norm->channels;
    for (ptrdiff_t c = 0; c < norm->channels; c += APUS_LANES) {
      const ptrdiff_t left = norm->channels - c;
      const vf x = vload_as(job->in, norm->in_type, at + c, left);
      vf y = x * vload_as(scale, APUS_F32, c, left) + vload_as(shift, APUS_F32, c, left);
      vstore_as(job->out, norm->out_type, at + c, left, vactivate(act, y, norm->alpha, norm->beta));
    }
  }
}

static void FN(group_norm_apply)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const group_norm_job *job = context;
  const apus_group_norm *norm = job->norm;
  const ptrdiff_t blocks = apus_ceil_div(norm->pixels, job->block), image = task / blocks;
  const ptrdiff_t begin = task % blocks * job->block, end = apus_min(norm->pixels, begin + job->block);
  switch (norm->activation) {
  case APUS_ACT_NONE: FN(group_norm_pixels)(APUS_ACT_NONE, job, image, begin, end); break;
  case APUS_ACT_RELU: FN(group_norm_pixels)(APUS_ACT_RELU, job, image, begin, end); break;
  case APUS_ACT_SILU: FN(group_norm_pixels)(APUS_ACT_SILU, job, image, begin, end); break;
  default: FN(group_norm_pixels)(norm->activation, job, image, begin, end); break;
  }
}
