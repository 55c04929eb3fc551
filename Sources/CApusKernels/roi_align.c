#include <math.h>

#include "include/apus_regions.h"
#include "internal/levels.h"

typedef struct align_job {
  const apus_roi_align *align;
  const apus_roi_level *levels;
  const float *boxes;
  ptrdiff_t box_stride;
  const int32_t *picture_of, *level_of;
  float *out;
  char *workspace;
} align_job;

static size_t thread_bytes(const apus_roi_align *a) { return (size_t)apus_round_up(4 * a->channels, 64); }

size_t apus_roi_align_workspace_bytes(const apus_roi_align *a, int32_t threads) {
  return thread_bytes(a) * (size_t)apus_max(1, threads);
}

/// The two neighbours of a place on an axis and the share of the second.
typedef struct neighbours {
  ptrdiff_t low, high;
  double rest;
} neighbours;

static neighbours split(double place, ptrdiff_t size) {
  if (place < 0) place = 0;
  const ptrdiff_t low = (ptrdiff_t)place;
  if (low >= size - 1) return (neighbours){size - 1, size - 1, 0};
  return (neighbours){low, low + 1, place - (double)low};
}

/// Adds one sample of all channels to `sums`, or raises them to its peaks.
static void take_sample(
    const align_job *job, const apus_roi_level *level, const float *pixels, double y, double x, float *sums) {
  const ptrdiff_t channels = job->align->channels;
  const bool inside = y >= -1 && y <= (double)level->height && x >= -1 && x <= (double)level->width &&
      level->height > 0 && level->width > 0;
  if (!inside) {
    // A sample outside is zero: nothing to add, but a peak.
    for (ptrdiff_t c = 0; job->align->maximum && c < channels; ++c) sums[c] = sums[c] > 0 ? sums[c] : 0;
    return;
  }
  const neighbours v = split(y, level->height), u = split(x, level->width);
  const float *rows[2] = {pixels + v.low * level->width * channels, pixels + v.high * level->width * channels};
  const float *a = rows[0] + u.low * channels, *b = rows[0] + u.high * channels;
  const float *d = rows[1] + u.low * channels, *e = rows[1] + u.high * channels;
  const float wa = (float)((1 - v.rest) * (1 - u.rest)), wb = (float)((1 - v.rest) * u.rest);
  const float wd = (float)(v.rest * (1 - u.rest)), we = (float)(v.rest * u.rest);
  if (job->align->maximum) {
    for (ptrdiff_t c = 0; c < channels; ++c) {
      const float p = wa * a[c], q = wb * b[c], r = wd * d[c], s = we * e[c];
      const float pq = p > q ? p : q, rs = r > s ? r : s, peak = pq > rs ? pq : rs;
      sums[c] = sums[c] > peak ? sums[c] : peak;
    }
  } else {
    for (ptrdiff_t c = 0; c < channels; ++c) sums[c] += wa * a[c] + wb * b[c] + wd * d[c] + we * e[c];
  }
}

/// Samples of a bin along an axis.
static ptrdiff_t steps_of(const apus_roi_align *a, double bin) {
  if (a->samples > 0) return a->samples;
  const double steps = ceil(bin);
  return steps > 0 ? (ptrdiff_t)fmin(steps, 65536) : 0;
}

static void align_task(void *context, ptrdiff_t region, int32_t thread) {
  const align_job *job = context;
  const apus_roi_align *a = job->align;
  const apus_roi_level *level = job->levels + job->level_of[region];
  const float *pixels = level->pixels + job->picture_of[region] * level->height * level->width * a->channels;
  float *sums = (float *)(job->workspace + thread_bytes(a) * (size_t)thread);
  double corners[4];
  for (int k = 0; k < 4; ++k) {
    corners[k] = job->boxes[region * job->box_stride + k] * level->scale - (a->half_pixel ? 0.5 : 0);
  }
  double span_x = corners[2] - corners[0], span_y = corners[3] - corners[1];
  if (!a->half_pixel) {
    span_x = fmax(span_x, 1);
    span_y = fmax(span_y, 1);
  }
  const double bin_x = span_x / (double)a->out_width, bin_y = span_y / (double)a->out_height;
  const ptrdiff_t steps_x = steps_of(a, bin_x), steps_y = steps_of(a, bin_y);
  const ptrdiff_t bins = a->out_height * a->out_width, samples = steps_x * steps_y;
  float *out = job->out + region * a->channels * bins;
  for (ptrdiff_t bin = 0; bin < bins; ++bin) {
    const double top = corners[1] + (double)(bin / a->out_width) * bin_y;
    const double left = corners[0] + (double)(bin % a->out_width) * bin_x;
    for (ptrdiff_t c = 0; c < a->channels; ++c) sums[c] = a->maximum && samples > 0 ? -INFINITY : 0;
    for (ptrdiff_t i = 0; i < steps_y; ++i) {
      const double y = top + ((double)i + 0.5) * bin_y / (double)steps_y;
      for (ptrdiff_t j = 0; j < steps_x; ++j) {
        take_sample(job, level, pixels, y, left + ((double)j + 0.5) * bin_x / (double)steps_x, sums);
      }
    }
    const float scale = a->maximum ? 1 : (float)(1 / (double)apus_max(1, samples));
    for (ptrdiff_t c = 0; c < a->channels; ++c) out[c * bins + bin] = sums[c] * scale;
  }
}

void apus_roi_align_run(
    const apus_roi_align *align, const apus_roi_level *levels, const float *boxes, ptrdiff_t box_stride,
    const int32_t *picture_of, const int32_t *level_of, float *out, void *workspace, apus_pool *pool) {
  align_job job = {align, levels, boxes, box_stride, picture_of, level_of, out, workspace};
  apus_pool_run(pool, align->regions, align_task, &job);
}
