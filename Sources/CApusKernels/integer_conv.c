#include "include/apus_quantize.h"

#include <math.h>

#include "internal/levels.h"

typedef struct columns_job {
  const apus_integer_conv *conv;
  const uint8_t *in;
  uint8_t *columns;
  uint8_t padding;
} columns_job;

static ptrdiff_t volume(const ptrdiff_t sizes[3]) { return sizes[0] * sizes[1] * sizes[2]; }

/// What one element of the kernel reads, for all places of the output.
static void columns_task(void *context, ptrdiff_t row, int32_t thread) {
  (void)thread;
  const columns_job *job = context;
  const apus_integer_conv *c = job->conv;
  ptrdiff_t tap = row % volume(c->kernel), at[3];
  const uint8_t *plane = job->in + row / volume(c->kernel) * volume(c->in);
  for (int i = 2; i >= 0; i--) {
    at[i] = tap % c->kernel[i] * c->dilation[i] - c->pad[i];
    tap /= c->kernel[i];
  }
  uint8_t *to = job->columns + row * volume(c->out);
  for (ptrdiff_t z = 0; z < c->out[0]; z++)
    for (ptrdiff_t y = 0; y < c->out[1]; y++) {
      const ptrdiff_t from_z = z * c->stride[0] + at[0], from_y = y * c->stride[1] + at[1];
      const bool inside = from_z >= 0 && from_z < c->in[0] && from_y >= 0 && from_y < c->in[1];
      for (ptrdiff_t x = 0; x < c->out[2]; x++) {
        const ptrdiff_t from_x = x * c->stride[2] + at[2];
        *to++ = inside && from_x >= 0 && from_x < c->in[2]
                    ? plane[(from_z * c->in[1] + from_y) * c->in[2] + from_x]
                    : job->padding;
      }
    }
}

static apus_integer_product product(const apus_integer_conv *c) {
  return (apus_integer_product){
      .batch = 1, .m = c->out_channels, .n = volume(c->out), .k = c->in_channels * volume(c->kernel),
      .a_type = c->weight_type, .b_type = c->in_type, .a_zero_rows = c->zero_channels};
}

static size_t columns_bytes(const apus_integer_conv *c) {
  return (size_t)apus_round_up(c->in_channels * volume(c->kernel) * volume(c->out), 64);
}

size_t apus_integer_conv_workspace_bytes(const apus_integer_conv *c) {
  const apus_integer_product p = product(c);
  return columns_bytes(c) + apus_integer_product_workspace_bytes(&p);
}

void apus_integer_conv_run(
    const apus_integer_conv *c, const void *in, const void *weights, const void *in_zero, const void *weight_zeros,
    int32_t *out, void *workspace, apus_pool *pool) {
  const apus_integer_product p = product(c);
  columns_job job = {.conv = c, .columns = workspace};
  job.padding = in_zero ? *(const uint8_t *)in_zero : 0;
  void *rest = (char *)workspace + columns_bytes(c);
  const ptrdiff_t group_in = c->in_channels * volume(c->in), group_weights = p.m * p.k;
  for (ptrdiff_t number = 0; number < c->batch * c->groups; number++) {
    const ptrdiff_t group = number % c->groups;
    job.in = (const uint8_t *)in + number * group_in;
    apus_pool_run(pool, p.k, columns_task, &job);
    const uint8_t *zeros = weight_zeros;
    if (zeros && c->zero_channels) zeros += group * p.m;
    apus_integer_product_run(
        &p, (const uint8_t *)weights + group * group_weights, job.columns, zeros, in_zero, out + number * p.m * p.n,
        rest, pool);
  }
}

typedef struct requantize_job {
  const int32_t *sums, *bias;
  ptrdiff_t channels, inner, scale_step;
  const double *scales;
  double zero;
  apus_dtype type;
  void *out;
} requantize_job;

static void requantize_task(void *context, ptrdiff_t row, int32_t thread) {
  (void)thread;
  const requantize_job *job = context;
  const ptrdiff_t channel = row % job->channels;
  const double scale = job->scales[channel * job->scale_step], bias = job->bias ? job->bias[channel] : 0;
  const double low = job->type == APUS_I8 ? -128 : 0, high = job->type == APUS_I8 ? 127 : 255;
  for (ptrdiff_t i = row * job->inner; i < (row + 1) * job->inner; i++) {
    const double value = rint((job->sums[i] + bias) * scale) + job->zero;
    const int32_t kept = value != value ? 0 : value < low ? (int32_t)low : value > high ? (int32_t)high : (int32_t)value;
    ((uint8_t *)job->out)[i] = (uint8_t)kept;
  }
}

void apus_requantize(
    const int32_t *sums, ptrdiff_t outer, ptrdiff_t channels, ptrdiff_t inner, const int32_t *bias,
    const double *scales, ptrdiff_t scale_step, int32_t zero, apus_dtype type, void *out, apus_pool *pool) {
  requantize_job job = {sums, bias, channels, inner, scale_step, scales, zero, type, out};
  apus_pool_run(pool, outer * channels, requantize_task, &job);
}
