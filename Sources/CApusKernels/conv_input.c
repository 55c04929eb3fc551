#include "internal/conv_input.h"

#include "internal/gate.h"
#include "internal/levels.h"

size_t apus_conv_box_bytes(const apus_conv *conv, const apus_conv_box *box) {
  return (size_t)(conv->batch * box->extent[0] * box->extent[1] * box->extent[2] * conv->groups *
                  box->group_channels * apus_dtype_bytes(conv->type));
}

typedef struct fill {
  const apus_conv *conv;
  const apus_conv_box *box;
  const void *in;
  const float *gate;
  char *out;
} fill;

static inline __attribute__((always_inline)) float read_input(const void *in, apus_dtype type, ptrdiff_t i) {
  return type == APUS_BF16 ? apus_bf16_to_f32(((const uint16_t *)in)[i]) : ((const float *)in)[i];
}

/// `count` elements of one channel, `from_step` and `to_step` elements apart; the types are constants.
static inline __attribute__((always_inline)) void fill_channel(
    const void *in, const apus_dtype in_type, ptrdiff_t at, ptrdiff_t from_step, void *out,
    const apus_dtype type, ptrdiff_t to, ptrdiff_t to_step, ptrdiff_t count, float factor) {
  for (ptrdiff_t x = 0; x < count; x++) {
    const float value = read_input(in, in_type, at + x * from_step) * factor;
    if (type == APUS_BF16) ((uint16_t *)out)[to + x * to_step] = apus_f32_to_bf16(value);
    else ((float *)out)[to + x * to_step] = value;
  }
}

/// Up to four BF16 channels of `count` pixels, each channel dense, `channel` elements apart: a pixel is one word.
static void fill_words(const uint16_t *in, ptrdiff_t channel, int channels, ptrdiff_t count, void *out) {
  uint64_t *to = out;
  const uint16_t *a = in, *b = in + (channels > 1 ? channel : 0), *c = in + (channels > 2 ? 2 * channel : 0);
  const uint64_t second = channels > 1 ? 0xffff : 0, third = channels > 2 ? 0xffff : 0;
  if (channels == 4) {
    const uint16_t *d = in + 3 * channel;
    for (ptrdiff_t x = 0; x < count; x++)
      to[x] = a[x] | (uint64_t)b[x] << 16 | (uint64_t)c[x] << 32 | (uint64_t)d[x] << 48;
    return;
  }
  for (ptrdiff_t x = 0; x < count; x++)
    to[x] = a[x] | (b[x] & second) << 16 | (c[x] & third) << 32;
}

/// Channels of `count` pixels, whatever the layouts and types: element (x, c) of the input lies at
/// `at + x * pixel + c * channel`.
static void fill_pixels(
    const fill *f, ptrdiff_t at, ptrdiff_t pixel, ptrdiff_t channel, ptrdiff_t count, const float *gate,
    void *out) {
  const apus_conv *conv = f->conv;
  const ptrdiff_t per_group = conv->in_channels / conv->groups, stride = f->box->group_channels;
  const ptrdiff_t width = conv->groups * stride;
  if (stride == 4 && conv->groups == 1 && pixel == 1 && gate == NULL && conv->in_type == APUS_BF16 &&
      conv->type == APUS_BF16) {
    fill_words((const uint16_t *)f->in + at, channel, (int)per_group, count, out);
    return;
  }
  if (stride != per_group) memset(out, 0, (size_t)(count * width * apus_dtype_bytes(conv->type)));
  for (ptrdiff_t c = 0; c < conv->in_channels; c++) {
    const ptrdiff_t from = at + c * channel, to = c / per_group * stride + c % per_group;
    const float factor = gate == NULL ? 1.0f : gate[c];
    if (conv->type == APUS_F32)
      fill_channel(f->in, APUS_F32, from, pixel, out, APUS_F32, to, width, count, factor);
    else if (conv->in_type == APUS_F32)
      fill_channel(f->in, APUS_F32, from, pixel, out, APUS_BF16, to, width, count, factor);
    else fill_channel(f->in, APUS_BF16, from, pixel, out, APUS_BF16, to, width, count, factor);
  }
}

/// One row of pixels of the box.
static void fill_row(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const fill *f = context;
  const apus_conv *conv = f->conv;
  const apus_conv_box *box = f->box;
  const ptrdiff_t y = task % box->extent[1], z = task / box->extent[1] % box->extent[0];
  const ptrdiff_t image = task / (box->extent[1] * box->extent[0]);
  const ptrdiff_t size = apus_dtype_bytes(conv->type), width = conv->groups * box->group_channels;
  char *out = f->out + task * box->extent[2] * width * size;
  const ptrdiff_t iz = z + box->origin[0], iy = y + box->origin[1];
  const ptrdiff_t begin = apus_min(apus_max(0, -box->origin[2]), box->extent[2]);
  const ptrdiff_t end = apus_max(begin, apus_min(box->extent[2], conv->in[2] - box->origin[2]));
  if (iz < 0 || iz >= conv->in[0] || iy < 0 || iy >= conv->in[1] || begin == end) {
    memset(out, 0, (size_t)(box->extent[2] * width * size));
    return;
  }
  memset(out, 0, (size_t)(begin * width * size));
  memset(out + end * width * size, 0, (size_t)((box->extent[2] - end) * width * size));
  out += begin * width * size;
  const float *gate = f->gate == NULL ? NULL : f->gate + image * conv->in_channels;
  const ptrdiff_t count = end - begin, plane = conv->in[1] * conv->in[2];
  const ptrdiff_t spatial = iz * plane + iy * conv->in[2] + begin + box->origin[2];
  if (conv->in_channels_first) {
    const ptrdiff_t volume = conv->in[0] * plane;
    fill_pixels(f, image * conv->in_channels * volume + spatial, 1, volume, count, gate, out);
    return;
  }
  const ptrdiff_t at = (image * conv->in[0] * plane + spatial) * conv->in_channels;
  if (conv->in_type != conv->type || width != conv->in_channels) {
    fill_pixels(f, at, conv->in_channels, 1, count, gate, out);
  } else if (gate == NULL) {
    memcpy(out, (const char *)f->in + at * size, (size_t)(count * width * size));
  } else {
    apus_gate_pixels(conv->type, (const char *)f->in + at * size, gate, out, count, width);
  }
}

void apus_conv_box_fill(
    const apus_conv *conv, const apus_conv_box *box, const void *in, const float *gate, void *out,
    apus_pool *pool) {
  fill f = {.conv = conv, .box = box, .in = in, .gate = gate, .out = out};
  apus_pool_run(pool, conv->batch * box->extent[0] * box->extent[1], fill_row, &f);
}
