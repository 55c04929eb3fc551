#include "include/apus_quantize.h"

#include <math.h>

#include "internal/levels.h"

/// Elements of a task.
enum { quantize_block = 16384 };

typedef struct quantize_job {
  const apus_quantized *layout;
  bool reads_narrow;
  const void *in;
  const float *scales;
  const void *zeros;
  void *out;
  /// Rows and elements of a row of a task, and tasks side by side.
  ptrdiff_t rows, length, columns;
} quantize_job;

typedef struct range_job {
  const float *in;
  ptrdiff_t count;
  float *ranges;
} range_job;

#define APUS_KERNEL "quantize.inc.h"
#include "internal/foreach_level.inc.h"

static void run(quantize_job *job, apus_pool *pool) {
  const apus_quantized *l = job->layout;
  if (l->rows == 0 || l->length == 0) return;
  job->length = apus_min(l->length, quantize_block);
  job->rows = apus_max(1, quantize_block / job->length);
  job->columns = apus_ceil_div(l->length, job->length);
  apus_pool_run(pool, job->columns * apus_ceil_div(l->rows, job->rows), APUS_SELECT_F32(quantize_task), job);
}

void apus_quantize(
    const apus_quantized *layout, const float *in, const float *scales, const void *zeros, void *out,
    apus_pool *pool) {
  quantize_job job = {.layout = layout, .in = in, .scales = scales, .zeros = zeros, .out = out};
  run(&job, pool);
}

void apus_dequantize(
    const apus_quantized *layout, const void *in, const float *scales, const void *zeros, float *out,
    apus_pool *pool) {
  quantize_job job = {.layout = layout, .reads_narrow = true, .in = in, .scales = scales, .zeros = zeros, .out = out};
  run(&job, pool);
}

ptrdiff_t apus_quantize_tasks(ptrdiff_t count) { return apus_max(1, apus_ceil_div(count, quantize_block)); }

void apus_quantize_dynamic(
    const float *in, ptrdiff_t count, uint8_t *out, float *scale, uint8_t *zero, float *scratch, apus_pool *pool) {
  range_job job = {in, count, scratch};
  const ptrdiff_t tasks = apus_quantize_tasks(count);
  apus_pool_run(pool, tasks, APUS_SELECT_F32(range_task), &job);
  float low = 0, high = 0;
  for (ptrdiff_t i = 0; i < tasks; i++) {
    low = fminf(low, scratch[2 * i]);
    high = fmaxf(high, scratch[2 * i + 1]);
  }
  const float step = low == high ? 1.0f / 255 : (high - low) / 255;
  const float middle = rintf(fminf(fmaxf(-low / step, 0), 255));
  const uint8_t point = middle == middle ? (uint8_t)middle : 0;
  const apus_quantized layout = {.rows = 1, .length = count, .axis = 1, .block = 1, .type = APUS_U8};
  if (scale) *scale = step;
  if (zero) *zero = point;
  if (out) apus_quantize(&layout, in, &step, &point, out, pool);
}
