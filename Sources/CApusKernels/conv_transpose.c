#include "include/apus_conv.h"
#include "internal/conv_input.h"
#include "internal/product.h"

// Output elements whose position plus padding leaves the same remainders modulo the strides form a phase:
// a convolution of stride 1 with the taps that reach them. One phase is one product.

/// The taps of one axis that reach phase `phase`: tap k with k * dilation = phase modulo stride.
static bool reaches(const apus_conv *conv, int axis, ptrdiff_t k, ptrdiff_t phase) {
  return (k * conv->dilation[axis]) % conv->stride[axis] == phase;
}

static ptrdiff_t phase_taps(const apus_conv *conv, const ptrdiff_t phase[3]) {
  ptrdiff_t count = 1;
  for (int i = 0; i < 3; i++) {
    ptrdiff_t n = 0;
    for (ptrdiff_t k = 0; k < conv->kernel[i]; k++) n += reaches(conv, i, k, phase[i]);
    count *= n;
  }
  return count;
}

/// The box holds every input element that any output may read.
static apus_conv_box make_box(const apus_conv *conv) {
  const ptrdiff_t channels = conv->in_channels / conv->groups;
  apus_conv_box box = {.group_channels = conv->type == APUS_BF16 ? apus_round_up(channels, 2) : channels};
  for (int i = 0; i < 3; i++) {
    const ptrdiff_t reach = (conv->kernel[i] - 1) * conv->dilation[i];
    // Floors of (pad - reach) / stride and (last + pad) / stride.
    const ptrdiff_t lowest = conv->pad[i] - reach, highest = conv->out[i] - 1 + conv->pad[i];
    const ptrdiff_t s = conv->stride[i];
    const ptrdiff_t first = lowest >= 0 ? lowest / s : -apus_ceil_div(-lowest, s);
    const ptrdiff_t last = highest >= 0 ? highest / s : -apus_ceil_div(-highest, s);
    box.origin[i] = first;
    box.extent[i] = apus_max(1, last - first + 1);
  }
  return box;
}

static ptrdiff_t all_taps(const apus_conv *conv) {
  return conv->kernel[0] * conv->kernel[1] * conv->kernel[2];
}

bool apus_conv_transpose_valid(const apus_conv *conv) { return apus_conv_valid(conv); }

size_t apus_conv_transpose_packed_bytes(const apus_conv *conv) {
  const ptrdiff_t columns = conv->out_channels / conv->groups;
  const ptrdiff_t depth = make_box(conv).group_channels;
  return (size_t)(conv->groups * apus_ceil_div(columns, APUS_PANEL) * all_taps(conv) * depth * APUS_PANEL *
                  apus_dtype_bytes(conv->type));
}

size_t apus_conv_transpose_workspace_bytes(const apus_conv *conv, int32_t threads) {
  (void)threads;
  const apus_conv_box box = make_box(conv);
  return (size_t)apus_round_up(all_taps(conv) * (ptrdiff_t)sizeof(ptrdiff_t), 64) +
         apus_conv_box_bytes(conv, &box) + 64;
}

/// Packs the taps of one phase as [group][panel][tap][depth][16]; returns the elements written.
static ptrdiff_t pack_phase(
    const apus_conv *conv, const ptrdiff_t phase[3], const float *weights, void *packed, ptrdiff_t start) {
  const ptrdiff_t channels = conv->in_channels / conv->groups, columns = conv->out_channels / conv->groups;
  const ptrdiff_t depth = make_box(conv).group_channels, panels = apus_ceil_div(columns, APUS_PANEL);
  const ptrdiff_t taps = phase_taps(conv, phase), panel_size = taps * depth * APUS_PANEL;
  const ptrdiff_t *kernel = conv->kernel;
  ptrdiff_t tap = 0;
  for (ptrdiff_t z = 0; z < kernel[0]; z++)
    for (ptrdiff_t y = 0; y < kernel[1]; y++)
      for (ptrdiff_t x = 0; x < kernel[2]; x++) {
        if (!reaches(conv, 0, z, phase[0]) || !reaches(conv, 1, y, phase[1]) || !reaches(conv, 2, x, phase[2]))
          continue;
        for (ptrdiff_t i = 0; i < conv->in_channels; i++)
          for (ptrdiff_t o = 0; o < columns; o++) {
            const ptrdiff_t from = (i * columns + o) * all_taps(conv) + (z * kernel[1] + y) * kernel[2] + x;
            const ptrdiff_t panel = i / channels * panels + o / APUS_PANEL;
            const ptrdiff_t k = tap * depth + i % channels, to = start + panel * panel_size;
            if (conv->type == APUS_F32)
              ((float *)packed)[to + k * APUS_PANEL + o % APUS_PANEL] = weights[from];
            else
              ((uint16_t *)packed)[to + (k / 2 * APUS_PANEL + o % APUS_PANEL) * 2 + k % 2] =
                  apus_f32_to_bf16(weights[from]);
          }
        tap++;
      }
  return conv->groups * panels * panel_size;
}

void apus_conv_transpose_pack(const apus_conv *conv, const float *weights, void *packed) {
  memset(packed, 0, apus_conv_transpose_packed_bytes(conv));
  ptrdiff_t start = 0;
  for (ptrdiff_t z = 0; z < conv->stride[0]; z++)
    for (ptrdiff_t y = 0; y < conv->stride[1]; y++)
      for (ptrdiff_t x = 0; x < conv->stride[2]; x++)
        start += pack_phase(conv, (ptrdiff_t[3]){z, y, x}, weights, packed, start);
}

/// One phase; returns the packed elements it used.
static ptrdiff_t run_phase(
    const apus_conv *conv, const apus_conv_box *box, const ptrdiff_t phase[3], const void *a,
    const char *packed, ptrdiff_t start, const apus_epilogue *epilogue, void *out, ptrdiff_t *taps,
    apus_pool *pool) {
  const ptrdiff_t columns = conv->out_channels / conv->groups, panels = apus_ceil_div(columns, APUS_PANEL);
  const ptrdiff_t pixel = conv->groups * box->group_channels;
  const ptrdiff_t step[3] = {box->extent[1] * box->extent[2] * pixel, box->extent[2] * pixel, pixel};
  const ptrdiff_t c_step[3] = {
      conv->out[1] * conv->out[2] * conv->out_channels, conv->out[2] * conv->out_channels, conv->out_channels};
  ptrdiff_t first[3], count[3], offset = 0;
  for (int i = 0; i < 3; i++) {
    const ptrdiff_t s = conv->stride[i];
    // First output with (o + pad) mod stride = phase, and its input position before dilation.
    first[i] = ((phase[i] - conv->pad[i]) % s + s) % s;
    count[i] = first[i] < conv->out[i] ? apus_ceil_div(conv->out[i] - first[i], s) : 0;
    offset += first[i] * c_step[i];
  }
  ptrdiff_t tap = 0;
  for (ptrdiff_t z = 0; z < conv->kernel[0]; z++)
    for (ptrdiff_t y = 0; y < conv->kernel[1]; y++)
      for (ptrdiff_t x = 0; x < conv->kernel[2]; x++) {
        const ptrdiff_t k[3] = {z, y, x};
        ptrdiff_t at = 0;
        bool used = true;
        for (int i = 0; i < 3; i++) {
          used = used && reaches(conv, i, k[i], phase[i]);
          at += ((first[i] + conv->pad[i] - k[i] * conv->dilation[i]) / conv->stride[i] - box->origin[i]) * step[i];
        }
        if (used) taps[tap++] = at;
      }
  const ptrdiff_t panel_size = tap * box->group_channels * APUS_PANEL;
  const apus_product product = {
      .tiles =
          {
              .taps = taps,
              .tap_count = tap,
              .depth = box->group_channels,
              .row_stride = step[2],
              .run_stride = step[1],
              .panel_stride = panel_size,
              .c_row_stride = conv->stride[2] * c_step[2],
              .c_run_stride = conv->stride[1] * c_step[1],
              .columns = columns,
              .out_type = conv->out_type,
              .epilogue = epilogue,
          },
      .type = conv->type,
      .groups = conv->groups,
      .images = conv->batch,
      .planes = count[0],
      .runs = count[1],
      .rows = count[2],
      .a_group = box->group_channels,
      .a_image = box->extent[0] * step[0],
      .a_plane = step[0],
      .b_group = panels * panel_size,
      .c_group = columns,
      .c_image = conv->out[0] * c_step[0],
      .c_plane = conv->stride[0] * c_step[0],
  };
  const char *b = packed + start * apus_dtype_bytes(conv->type);
  if (count[0] > 0) apus_product_run(&product, a, b, out, offset, NULL, pool);
  return conv->groups * panels * panel_size;
}

void apus_conv_transpose_nhwc(
    const apus_conv *conv, const void *in, const void *packed, const float *gate,
    const apus_epilogue *epilogue, void *out, void *workspace, apus_pool *pool) {
  if (conv->batch == 0 || conv->out[0] == 0 || conv->out[1] == 0 || conv->out[2] == 0) return;
  const apus_conv_box box = make_box(conv);
  ptrdiff_t *taps = workspace;
  void *a = (char *)workspace + apus_round_up(all_taps(conv) * (ptrdiff_t)sizeof(ptrdiff_t), 64);
  apus_conv_box_fill(conv, &box, in, conv->gated ? gate : NULL, a, pool);
  ptrdiff_t start = 0;
  for (ptrdiff_t z = 0; z < conv->stride[0]; z++)
    for (ptrdiff_t y = 0; y < conv->stride[1]; y++)
      for (ptrdiff_t x = 0; x < conv->stride[2]; x++)
        start += run_phase(
            conv, &box, (ptrdiff_t[3]){z, y, x}, a, packed, start, epilogue, out, taps, pool);
}
