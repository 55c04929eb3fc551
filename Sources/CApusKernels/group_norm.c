#include <math.h>

#include "include/apus_norm.h"
#include "internal/levels.h"

/// Sum and sum of squares of one channel's distances from its first value.
typedef struct channel_sums {
  double origin, sum, squares;
} channel_sums;

typedef struct group_norm_job {
  const apus_group_norm *norm;
  const void *in;
  void *out;
  channel_sums *sums;
  float *scales, *shifts;
  ptrdiff_t block;
} group_norm_job;

#define APUS_KERNEL "group_norm.inc.h"
#include "internal/foreach_level.inc.h"

size_t apus_group_norm_workspace_bytes(const apus_group_norm *norm) {
  return (size_t)(norm->batch * norm->channels) * (sizeof(channel_sums) + 2 * sizeof(float)) + 64;
}

/// Mean and variance of a group from its channels' sums, turned into a scale and shift for each channel.
static void combine(const group_norm_job *job, ptrdiff_t first, const float *scale, const float *bias) {
  const apus_group_norm *norm = job->norm;
  const ptrdiff_t size = norm->channels / norm->groups;
  const double pixels = (double)norm->pixels, count = pixels * (double)size;
  double total = 0, spread = 0;
  for (ptrdiff_t c = first; c < first + size; c++) total += job->sums[c].sum + job->sums[c].origin * pixels;
  const double mean = total / count;
  for (ptrdiff_t c = first; c < first + size; c++) {
    const channel_sums *s = &job->sums[c];
    const double away = s->origin - mean;
    spread += s->squares + 2 * away * s->sum + away * away * pixels;
  }
  const double inverse = 1 / sqrt(fmax(spread / count, 0) + (double)norm->epsilon);
  for (ptrdiff_t c = first; c < first + size; c++) {
    const ptrdiff_t channel = c % norm->channels;
    const double factor = inverse * (scale == NULL ? 1.0 : (double)scale[channel]);
    job->scales[c] = (float)factor;
    job->shifts[c] = (float)((bias == NULL ? 0.0 : (double)bias[channel]) - mean * factor);
  }
}

void apus_group_norm_nhwc(
    const apus_group_norm *norm, const void *in, const float *scale, const float *bias, void *out,
    void *workspace, apus_pool *pool) {
  const ptrdiff_t all = norm->batch * norm->channels;
  if (all == 0 || norm->pixels == 0) return;
  channel_sums *sums = workspace;
  float *scales = (float *)(sums + all);
  group_norm_job job = {
      .norm = norm,
      .in = in,
      .out = out,
      .sums = sums,
      .scales = scales,
      .shifts = scales + all,
      .block = apus_max(1, 8192 / norm->channels),
  };
  apus_pool_run(
      pool, norm->batch * apus_ceil_div(norm->channels, 16), APUS_SELECT_F32(group_norm_sums), &job);
  for (ptrdiff_t first = 0; first < all; first += norm->channels / norm->groups)
    combine(&job, first, scale, bias);
  apus_pool_run(
      pool, norm->batch * apus_ceil_div(norm->pixels, job.block), APUS_SELECT_F32(group_norm_apply), &job);
}
