#include <math.h>

#include "include/apus_regions.h"
#include "internal/levels.h"

/// Places of the output that one task computes.
enum { tile = 64 };

typedef struct deform_job {
  const apus_deform_conv *conv;
  const float *x, *weight, *offset, *mask, *bias;
  float *out;
  char *workspace;
} deform_job;

static ptrdiff_t taps_of(const apus_deform_conv *c) { return c->kernel_y * c->kernel_x; }
static ptrdiff_t places_of(const apus_deform_conv *c) { return c->out_height * c->out_width; }
static size_t thread_bytes(const apus_deform_conv *c) { return (size_t)(c->channels * taps_of(c) * tile * 4); }

size_t apus_deform_conv_workspace_bytes(const apus_deform_conv *c, int32_t threads) {
  return thread_bytes(c) * (size_t)apus_max(1, threads);
}

/// Where a sample reads: four neighbours with their weights; those outside have weight 0.
typedef struct sample {
  ptrdiff_t at[4];
  float weight[4];
} sample;

static sample sample_at(const apus_deform_conv *c, double y, double x) {
  sample result = {{0}, {0}};
  const double low_y = floor(y), low_x = floor(x);
  for (int corner = 0; corner < 4; ++corner) {
    const double row = low_y + (corner >> 1), column = low_x + (corner & 1);
    if (!(row >= 0 && row < (double)c->height && column >= 0 && column < (double)c->width)) continue;
    const double share_y = corner >> 1 ? y - low_y : 1 - (y - low_y);
    const double share_x = corner & 1 ? x - low_x : 1 - (x - low_x);
    result.at[corner] = (ptrdiff_t)row * c->width + (ptrdiff_t)column;
    result.weight[corner] = (float)(share_y * share_x);
  }
  return result;
}

/// Fills `columns` [channels][taps][tile] with what the kernel's taps read for `count` places from `first`.
static void gather(const deform_job *job, ptrdiff_t image, ptrdiff_t first, ptrdiff_t count, float *columns) {
  const apus_deform_conv *c = job->conv;
  const ptrdiff_t taps = taps_of(c), places = places_of(c), each = c->channels / c->offset_groups;
  for (ptrdiff_t group = 0; group < c->offset_groups; ++group) {
    for (ptrdiff_t tap = 0; tap < taps; ++tap) {
      const ptrdiff_t field = (image * c->offset_groups + group) * taps + tap;
      const float *move = job->offset + field * 2 * places;
      for (ptrdiff_t i = 0; i < count; ++i) {
        const ptrdiff_t place = first + i;
        const ptrdiff_t row = place / c->out_width * c->stride_y - c->pad_y + tap / c->kernel_x * c->dilation_y;
        const ptrdiff_t column = place % c->out_width * c->stride_x - c->pad_x + tap % c->kernel_x * c->dilation_x;
        const sample s =
            sample_at(c, (double)row + (double)move[place], (double)column + (double)move[places + place]);
        const float scale = job->mask ? job->mask[field * places + place] : 1;
        for (ptrdiff_t channel = group * each; channel < (group + 1) * each; ++channel) {
          const float *plane = job->x + (image * c->channels + channel) * c->height * c->width;
          float value = 0;
          for (int k = 0; k < 4; ++k) value += s.weight[k] != 0 ? s.weight[k] * plane[s.at[k]] : 0;
          columns[(channel * taps + tap) * tile + i] = value * scale;
        }
      }
    }
  }
}

static void deform_task(void *context, ptrdiff_t index, int32_t thread) {
  const deform_job *job = context;
  const apus_deform_conv *c = job->conv;
  const ptrdiff_t places = places_of(c), tiles = apus_ceil_div(places, tile), taps = taps_of(c);
  const ptrdiff_t image = index / tiles, first = index % tiles * tile, count = apus_min(tile, places - first);
  float *columns = (float *)(job->workspace + thread_bytes(c) * (size_t)thread);
  gather(job, image, first, count, columns);
  const ptrdiff_t terms = c->channels / c->groups * taps, made = c->out_channels / c->groups;
  for (ptrdiff_t m = 0; m < c->out_channels; ++m) {
    const float *row = job->weight + m * terms, *from = columns + m / made * terms * tile;
    float sums[tile];
    for (int i = 0; i < tile; ++i) sums[i] = job->bias ? job->bias[m] : 0;
    for (ptrdiff_t k = 0; k < terms; ++k) {
      for (int i = 0; i < tile; ++i) sums[i] += row[k] * from[k * tile + i];
    }
    memcpy(job->out + (image * c->out_channels + m) * places + first, sums, (size_t)count * sizeof(float));
  }
}

void apus_deform_conv_run(
    const apus_deform_conv *conv, const float *x, const float *weight, const float *offset, const float *mask,
    const float *bias, float *out, void *workspace, apus_pool *pool) {
  deform_job job = {conv, x, weight, offset, mask, bias, out, workspace};
  apus_pool_run(pool, conv->batch * apus_ceil_div(places_of(conv), tile), deform_task, &job);
}
