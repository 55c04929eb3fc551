#include <math.h>

#include "include/apus_norm.h"
#include "internal/levels.h"

typedef struct layer_norm_job {
  const apus_layer_norm *norm;
  const void *in;
  const float *scale, *bias;
  void *out;
  float *means, *inverse_deviations;
  ptrdiff_t block;
} layer_norm_job;

#define APUS_KERNEL "layer_norm.inc.h"
#include "internal/foreach_level.inc.h"

void apus_layer_norm_run(
    const apus_layer_norm *norm, const void *in, const float *scale, const float *bias, void *out,
    float *means, float *inverse_deviations, apus_pool *pool) {
  layer_norm_job job = {
      .norm = norm,
      .in = in,
      .scale = scale,
      .bias = bias,
      .out = out,
      .means = means,
      .inverse_deviations = inverse_deviations,
      .block = apus_max(1, 8192 / apus_max(norm->count, 1)),
  };
  apus_pool_run(pool, apus_ceil_div(norm->rows, job.block), APUS_SELECT_F32(layer_norm_task), &job);
}
