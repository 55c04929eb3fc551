#include "include/apus_grid_sample.h"

#include <math.h>

#include "internal/levels.h"

/// Places that are prepared together, and most elements that make up a sample: four along each of three axes.
enum { block = 32, most = 64 };

typedef struct grid_job {
  const apus_grid_sample *s;
  const float *in, *grid;
  float *out;
} grid_job;

/// Elements of a plane and their weights.
typedef struct taps {
  int count;
  ptrdiff_t offsets[most];
  float weights[most];
} taps;

static double reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const double beyond = x < low ? low - x : x - high, times = floor(beyond / range), rest = beyond - times * range;
  const bool even = fmod(times, 2) == 0;
  return even == (x < low) ? low + rest : high - rest;
}

/// The element at a whole place; -1: zero.
static ptrdiff_t element(const apus_grid_sample *s, double place, double low, double high, ptrdiff_t size) {
  const double last = (double)size - 1;
  if (s->padding == APUS_GRID_ZEROS) return place >= 0 && place <= last ? (ptrdiff_t)place : -1;
  if (s->padding == APUS_GRID_REFLECTION) place = reflect(place, low, high);
  return (ptrdiff_t)fmin(fmax(place, 0), last);
}

/// Weight of an element at a distance, for a cubic of a = -0.75 (as PyTorch, which defined the operator).
static double cubic(double x) {
  const double a = -0.75;
  x = fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// Elements along one axis and their weights; their number.
static int axis_taps(
    const apus_grid_sample *s, double coordinate, ptrdiff_t size, ptrdiff_t places[4], double weights[4]) {
  if (size == 0) return 0;
  const double length = (double)size;
  const double low = s->align_corners ? 0 : -0.5, high = s->align_corners ? length - 1 : length - 0.5;
  double x = s->align_corners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2;
  if (s->mode == APUS_GRID_NEAREST) x = rint(x);
  if (x < low || x > high) {
    // Cubic elements are held at the border one by one.
    if (s->padding == APUS_GRID_BORDER && s->mode != APUS_GRID_CUBIC) x = fmin(fmax(x, 0), length - 1);
    if (s->padding == APUS_GRID_REFLECTION) x = reflect(x, low, high);
  }
  if (!(fabs(x) < 1e15)) return 0;
  const double base = s->mode == APUS_GRID_NEAREST ? trunc(x) : floor(x), rest = x - base;
  const int first = s->mode == APUS_GRID_CUBIC ? -1 : 0;
  const int last = s->mode == APUS_GRID_NEAREST ? 0 : s->mode == APUS_GRID_LINEAR ? 1 : 2;
  int count = 0;
  for (int step = first; step <= last; step++) {
    const ptrdiff_t place = element(s, base + step, low, high, size);
    if (place < 0) continue;
    places[count] = place;
    weights[count++] = s->mode == APUS_GRID_NEAREST  ? 1
                       : s->mode == APUS_GRID_LINEAR ? (step == 0 ? 1 - rest : rest)
                                                     : cubic(step - rest);
  }
  return count;
}

static void place_taps(const apus_grid_sample *s, const float *coordinates, taps *to) {
  double weights[most] = {1};
  ptrdiff_t offsets[most] = {0}, stride = 1;
  int count = 1;
  for (int axis = s->rank - 1; axis >= 0; axis--) {
    ptrdiff_t places[4];
    double along[4];
    const int n = axis_taps(s, coordinates[s->rank - 1 - axis], s->sizes[axis], places, along);
    // From the back, so that what is still read is not overwritten.
    for (int k = count - 1; k >= 0; k--)
      for (int i = n - 1; i >= 0; i--) {
        offsets[k * n + i] = offsets[k] + places[i] * stride;
        weights[k * n + i] = weights[k] * along[i];
      }
    count *= n;
    stride *= s->sizes[axis];
  }
  to->count = count;
  for (int k = 0; k < count; k++) {
    to->offsets[k] = offsets[k];
    to->weights[k] = (float)weights[k];
  }
}

static void grid_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const grid_job *job = context;
  const apus_grid_sample *s = job->s;
  const ptrdiff_t blocks = apus_ceil_div(s->places, block), batch = task / blocks, first = task % blocks * block;
  const ptrdiff_t n = apus_min(block, s->places - first);
  ptrdiff_t plane = 1;
  for (int i = 0; i < s->rank; i++) plane *= s->sizes[i];
  taps table[block];
  for (ptrdiff_t k = 0; k < n; k++)
    place_taps(s, job->grid + (batch * s->places + first + k) * s->rank, &table[k]);
  for (ptrdiff_t channel = batch * s->channels; channel < (batch + 1) * s->channels; channel++) {
    const float *in = job->in + channel * plane;
    float *out = job->out + channel * s->places + first;
    for (ptrdiff_t k = 0; k < n; k++) {
      float sum = 0;
      for (int i = 0; i < table[k].count; i++) sum += table[k].weights[i] * in[table[k].offsets[i]];
      out[k] = sum;
    }
  }
}

void apus_grid_sample_run(
    const apus_grid_sample *s, const float *in, const float *grid, float *out, apus_pool *pool) {
  grid_job job = {s, in, grid, out};
  apus_pool_run(pool, s->batch * apus_ceil_div(s->places, block), grid_task, &job);
}
