// Depthwise rows for the level being compiled.
#include "math.inc.h"

#define dw_piece FN(dw_piece)
#define dw_place FN(dw_place)

/// One output row at work: valid taps and pointers.
typedef struct dw_place {
  const apus_depthwise_job *job;
  /// Input row of tap (0, 0) of output column 0, first channel: may lie outside the input.
  const char *in;
  /// Element offset of the row in the output.
  ptrdiff_t out;
  ptrdiff_t tap_row_begin, tap_row_end;
  ptrdiff_t channel_begin, channel_end;
  float *sums;
} dw_place;

/// Bias, residual, activation, sums and store of `pixels` x `vectors` results.
INLINE void FN(dw_finish)(
    const int pixels, const int vectors, const dw_place *p, ptrdiff_t x, ptrdiff_t c, ptrdiff_t last, vf *v) {
  const apus_dtype type = p->job->conv->out_type;
  const apus_depthwise *conv = p->job->conv;
  const apus_epilogue *e = p->job->epilogue;
  const ptrdiff_t at = p->out + x * conv->channels + c;
  const float inf = __builtin_inff();
#define DW_EACH                                                      \
  _Pragma("clang loop unroll(full)") for (int m = 0; m < pixels; m++) \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < vectors; j++)
#define DW_LEFT (j == vectors - 1 ? last : APUS_LANES)
#define DW_AT (at + m * conv->channels + j * APUS_LANES)
  if (e->bias != NULL) {
    DW_EACH {
      const float *bias = e->bias + c + j * APUS_LANES;
      v[m * vectors + j] += DW_LEFT == APUS_LANES ? vload(bias) : vload_n(bias, DW_LEFT);
    }
  }
  if (e->residual != NULL && !e->residual_last)
    DW_EACH v[m * vectors + j] += vload_as(e->residual, type, DW_AT, DW_LEFT);
  if (e->activation <= APUS_ACT_CLIP) {
    const bool clip = e->activation == APUS_ACT_CLIP;
    const vf low = vset(clip ? e->alpha : e->activation == APUS_ACT_RELU ? 0.0f : -inf);
    const vf high = vset(clip ? e->beta : inf);
    DW_EACH v[m * vectors + j] = vmin(high, vmax(low, v[m * vectors + j]));
  } else if (e->activation == APUS_ACT_SILU && type == APUS_BF16) {
    DW_EACH v[m * vectors + j] = vsilu_short(v[m * vectors + j], e->alpha);
  } else if (e->activation == APUS_ACT_SILU) {
    DW_EACH v[m * vectors + j] = vsilu(v[m * vectors + j], e->alpha);
  } else {
    float tile[8 * APUS_LANES];
    DW_EACH vstore(tile + (m * vectors + j) * APUS_LANES, v[m * vectors + j]);
    FN(apus_activate)(e->activation, e->alpha, e->beta, tile, tile, pixels * vectors * APUS_LANES);
    DW_EACH v[m * vectors + j] = vload(tile + (m * vectors + j) * APUS_LANES);
  }
  if (e->residual != NULL && e->residual_last)
    DW_EACH v[m * vectors + j] += vload_as(e->residual, type, DW_AT, DW_LEFT);
  DW_EACH vstore_as(p->job->out, type, DW_AT, DW_LEFT, v[m * vectors + j]);
  if (p->sums == NULL) return;
#pragma clang loop unroll(full)
  for (int j = 0; j < vectors; j++) {
    float *to = p->sums + c + j * APUS_LANES;
    vf sum = DW_LEFT == APUS_LANES ? vload(to) : vload_n(to, DW_LEFT);
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) sum += v[m * vectors + j];
    if (DW_LEFT == APUS_LANES) vstore(to, sum);
    else vstore_n(to, sum, DW_LEFT);
  }
#undef DW_EACH
#undef DW_LEFT
#undef DW_AT
}

// Functions of their own, so that each exists once for a level; the sums travel in registers.
#define DW_FINISH(PIXELS, VECTORS)                                                    \
  static __attribute__((noinline)) void FN(dw_finish_##PIXELS##x##VECTORS)(           \
      const dw_place *p, ptrdiff_t x, ptrdiff_t c, ptrdiff_t last, vf v0, vf v1, vf v2, vf v3, vf v4, \
      vf v5, vf v6, vf v7) {                                                          \
    vf v[8] = {v0, v1, v2, v3, v4, v5, v6, v7};                                       \
    FN(dw_finish)(PIXELS, VECTORS, p, x, c, last, v);                                 \
  }
DW_FINISH(8, 1)
DW_FINISH(4, 2)
DW_FINISH(4, 1)
DW_FINISH(2, 4)
DW_FINISH(2, 1)
DW_FINISH(1, 8)
DW_FINISH(1, 4)
DW_FINISH(1, 1)
#undef DW_FINISH

#define DW_ALL(v) v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
INLINE void FN(dw_end)(
    const int pixels, const int vectors, const dw_place *p, ptrdiff_t x, ptrdiff_t c, ptrdiff_t last, vf *v) {
  switch (pixels * 16 + vectors) {
  case 8 * 16 + 1: FN(dw_finish_8x1)(p, x, c, last, DW_ALL(v)); break;
  case 4 * 16 + 2: FN(dw_finish_4x2)(p, x, c, last, DW_ALL(v)); break;
  case 4 * 16 + 1: FN(dw_finish_4x1)(p, x, c, last, DW_ALL(v)); break;
  case 2 * 16 + 4: FN(dw_finish_2x4)(p, x, c, last, DW_ALL(v)); break;
  case 2 * 16 + 1: FN(dw_finish_2x1)(p, x, c, last, DW_ALL(v)); break;
  case 1 * 16 + 8: FN(dw_finish_1x8)(p, x, c, last, DW_ALL(v)); break;
  case 1 * 16 + 4: FN(dw_finish_1x4)(p, x, c, last, DW_ALL(v)); break;
  default: FN(dw_finish_1x1)(p, x, c, last, DW_ALL(v)); break;
  }
}

#undef DW_ALL

/// `pixels` outputs from column `x` on, of the channels in turn, with the tap columns `begin ..< end`.
INLINE void dw_piece(
    const int pixels, const apus_dtype in_type, const dw_place *p, ptrdiff_t x, ptrdiff_t first, ptrdiff_t begin,
    ptrdiff_t end) {
  const apus_depthwise *conv = p->job->conv;
  const ptrdiff_t channels = conv->channels, size = in_type == APUS_BF16 ? 2 : 4;
  const ptrdiff_t stored = apus_round_up(channels, 16);
  const ptrdiff_t step = conv->stride[1] * channels, tap_step = conv->dilation[1] * channels;
  const ptrdiff_t row_step = conv->dilation[0] * conv->in[1] * channels;
  const char *in = p->in + x * step * size;
  const int vectors = 8 / pixels;
#define DW_SUM(VECTORS, LAST)                                                                         \
  vf sum[8] = {0};                                                                                    \
  for (ptrdiff_t ky = p->tap_row_begin; ky < p->tap_row_end; ky++)                                    \
    for (ptrdiff_t kx = begin; kx < end; kx++) {                                                      \
      const float *w = p->job->weights + (ky * conv->kernel[1] + kx) * stored + c;                    \
      const ptrdiff_t at = ky * row_step + kx * tap_step + c;                                         \
      _Pragma("clang loop unroll(full)") for (int j = 0; j < (VECTORS); j++) {                        \
        const vf weight = vload(w + j * APUS_LANES);                                                  \
        _Pragma("clang loop unroll(full)") for (int m = 0; m < pixels; m++)                           \
            sum[m * (VECTORS) + j] +=                                                                 \
            weight * vload_as(in, in_type, at + m * step + j * APUS_LANES, LAST);                      \
      }                                                                                               \
    }                                                                                                 \
  FN(dw_end)(pixels, VECTORS, p, x, c, LAST, sum);
  ptrdiff_t c = first;
  const ptrdiff_t limit = p->channel_end;
  for (; c + vectors * APUS_LANES <= limit; c += vectors * APUS_LANES) {
    DW_SUM(vectors, APUS_LANES)
  }
  if (vectors == 8 && c + 4 * APUS_LANES <= limit) {
    DW_SUM(4, APUS_LANES)
    c += 4 * APUS_LANES;
  }
  if (vectors > 1)
    for (; c + APUS_LANES <= limit; c += APUS_LANES) {
      DW_SUM(1, APUS_LANES)
    }
  if (c < limit) {
    const ptrdiff_t last = limit - c;
    DW_SUM(1, last)
  }
#undef DW_SUM
  (void)size;
}

/// The same for whole vectors of channels and a constant kernel width and stride, without dilation: each
/// input is loaded once for all the taps that use it. Returns the first channel left over.
INLINE ptrdiff_t FN(dw_window)(
    const int pixels, const int kernel, const int stride, const apus_dtype in_type, const dw_place *p,
    ptrdiff_t x) {
  const apus_depthwise *conv = p->job->conv;
  const ptrdiff_t channels = conv->channels, stored = apus_round_up(channels, 16);
  const ptrdiff_t row_step = conv->dilation[0] * conv->in[1] * channels;
  const char *in = p->in + x * stride * channels * (in_type == APUS_BF16 ? 2 : 4);
  ptrdiff_t c = p->channel_begin;
  for (; c + APUS_LANES <= p->channel_end; c += APUS_LANES) {
    vf sum[8] = {0}, window[8 * 2 + 5];
    for (ptrdiff_t ky = p->tap_row_begin; ky < p->tap_row_end; ky++) {
      const float *w = p->job->weights + ky * kernel * stored + c;
#pragma clang loop unroll(full)
      for (int i = 0; i < (pixels - 1) * stride + kernel; i++)
        window[i] = vload_as(in, in_type, ky * row_step + i * channels + c, APUS_LANES);
#pragma clang loop unroll(full)
      for (int kx = 0; kx < kernel; kx++) {
        const vf weight = vload(w + kx * stored);
#pragma clang loop unroll(full)
        for (int m = 0; m < pixels; m++) sum[m] += weight * window[m * stride + kx];
      }
    }
    FN(dw_end)(pixels, 1, p, x, c, APUS_LANES, sum);
  }
  return c;
}

/// Outputs whose taps all lie inside the input.
INLINE void FN(dw_inside)(const int pixels, const apus_dtype in_type, const dw_place *p, ptrdiff_t x) {
  const apus_depthwise *conv = p->job->conv;
  const ptrdiff_t kernel = conv->kernel[1], stride = conv->stride[1];
  ptrdiff_t c = p->channel_begin;
  if (conv->dilation[1] == 1 && stride == 1) {
    if (kernel == 3) c = FN(dw_window)(pixels, 3, 1, in_type, p, x);
    if (kernel == 5) c = FN(dw_window)(pixels, 5, 1, in_type, p, x);
  } else if (conv->dilation[1] == 1 && stride == 2) {
    if (kernel == 3) c = FN(dw_window)(pixels, 3, 2, in_type, p, x);
    if (kernel == 5) c = FN(dw_window)(pixels, 5, 2, in_type, p, x);
  }
  if (c < p->channel_end) dw_piece(pixels, in_type, p, x, c, 0, kernel);
}

INLINE void FN(dw_row)(const apus_dtype in_type, const dw_place *p) {
  const apus_depthwise *conv = p->job->conv;
  const ptrdiff_t reach = (conv->kernel[1] - 1) * conv->dilation[1], stride = conv->stride[1];
  // Columns whose taps all lie inside the input.
  const ptrdiff_t inside = apus_min(conv->out[1], apus_ceil_div(conv->pad[1], stride));
  const ptrdiff_t room = conv->in[1] - 1 - reach + conv->pad[1];
  const ptrdiff_t outside = room < 0 ? 0 : apus_min(conv->out[1], room / stride + 1);
  for (ptrdiff_t x = 0; x < conv->out[1];) {
    if (x >= inside && x < outside) {
      const ptrdiff_t left = outside - x;
      if (left >= 8) {
        FN(dw_inside)(8, in_type, p, x);
        x += 8;
      } else if (left >= 4) {
        FN(dw_inside)(4, in_type, p, x);
        x += 4;
      } else if (left >= 2) {
        dw_piece(2, in_type, p, x, p->channel_begin, 0, conv->kernel[1]);
        x += 2;
      } else {
        dw_piece(1, in_type, p, x, p->channel_begin, 0, conv->kernel[1]);
        x += 1;
      }
      continue;
    }
    const ptrdiff_t first = x * stride - conv->pad[1], dilation = conv->dilation[1];
    const ptrdiff_t begin = first >= 0 ? 0 : apus_ceil_div(-first, dilation);
    const ptrdiff_t beyond = conv->in[1] - first;
    const ptrdiff_t end = beyond <= 0 ? 0 : apus_min(conv->kernel[1], apus_ceil_div(beyond, dilation));
    dw_piece(1, in_type, p, x, p->channel_begin, begin, apus_max(begin, end));
    x += 1;
  }
}

static void FN(dw_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const apus_depthwise_job *job = context;
  const apus_depthwise *conv = job->conv;
  const ptrdiff_t image = task / job->tasks_per_image, block = task % job->tasks_per_image;
  const ptrdiff_t begin = block * job->rows_per_task, end = apus_min(conv->out[0], begin + job->rows_per_task);
  const ptrdiff_t row = conv->in[1] * conv->channels, size = conv->in_type == APUS_BF16 ? 2 : 4;
  float *sums = job->partial == NULL ? NULL : job->partial + task * conv->channels;
  if (sums != NULL) memset(sums, 0, (size_t)conv->channels * sizeof *sums);
  for (ptrdiff_t c = 0; c < conv->channels; c += job->channel_block)
    for (ptrdiff_t y = begin; y < end; y++) {
      const ptrdiff_t first = y * conv->stride[0] - conv->pad[0], dilation = conv->dilation[0];
      const ptrdiff_t beyond = conv->in[0] - first;
      const ptrdiff_t from = (image * conv->in[0] + first) * row - conv->pad[1] * conv->channels;
      dw_place p = {
          .job = job,
          .in = (const char *)job->in + from * size,
          .out = (image * conv->out[0] + y) * conv->out[1] * conv->channels,
          .tap_row_begin = first >= 0 ? 0 : apus_ceil_div(-first, dilation),
          .tap_row_end = beyond <= 0 ? 0 : apus_min(conv->kernel[0], apus_ceil_div(beyond, dilation)),
          .channel_begin = c,
          .channel_end = apus_min(conv->channels, c + job->channel_block),
          .sums = sums,
      };
      if (conv->in_type == APUS_F32) FN(dw_row)(APUS_F32, &p);
      else FN(dw_row)(APUS_BF16, &p);
    }
}
#undef dw_piece
#undef dw_place
