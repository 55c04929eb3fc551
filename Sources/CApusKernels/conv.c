#include "include/apus_conv.h"

#include "internal/conv_input.h"
#include "internal/gate.h"
#include "internal/parts.h"
#include "internal/product.h"

/// How a convolution becomes a product.
typedef struct plan {
  apus_conv_box box;
  /// Whether the input is copied into the box first.
  bool copied;
  /// Whether the taps of one kernel row are one tap: they lie side by side in memory.
  bool merged;
  /// Whether the gate multiplies a copy of the weights: cheaper than the input where pixels are many.
  bool gated_weights;
  ptrdiff_t taps, depth, columns, panels;
} plan;

static plan make_plan(const apus_conv *conv) {
  const ptrdiff_t channels = conv->in_channels / conv->groups;
  const ptrdiff_t columns = conv->out_channels / conv->groups;
  plan p = {.columns = columns, .panels = apus_ceil_div(columns, APUS_PANEL)};
  p.box.group_channels = conv->type == APUS_BF16 ? apus_round_up(channels, 2) : channels;
  p.copied = p.box.group_channels != channels || conv->in_channels_first || conv->in_type != conv->type;
  bool pointwise = true;
  for (int i = 0; i < 3; i++) {
    p.box.extent[i] = (conv->out[i] - 1) * conv->stride[i] + (conv->kernel[i] - 1) * conv->dilation[i] + 1;
    p.box.origin[i] = -conv->pad[i];
    if (conv->pad[i] != 0 || p.box.extent[i] > conv->in[i]) p.copied = true;
    pointwise = pointwise && conv->kernel[i] == 1;
  }
  p.gated_weights = conv->gated && pointwise && !p.copied && conv->groups == 1 && !conv->parts &&
                    conv->out[0] * conv->out[1] * conv->out[2] > columns;
  if (conv->gated && !p.gated_weights) p.copied = true;
  if (!p.copied)
    for (int i = 0; i < 3; i++) p.box.extent[i] = conv->in[i];
  p.merged = conv->groups == 1 && (conv->dilation[2] == 1 || conv->kernel[2] == 1);
  p.taps = conv->kernel[0] * conv->kernel[1] * (p.merged ? 1 : conv->kernel[2]);
  p.depth = p.box.group_channels * (p.merged ? conv->kernel[2] : 1);
  return p;
}

bool apus_conv_valid(const apus_conv *conv) {
  if (conv->batch < 0 || conv->groups < 1 || conv->in_channels < 0 || conv->out_channels < 0) return false;
  if (conv->in_channels % conv->groups != 0 || conv->out_channels % conv->groups != 0) return false;
  for (int i = 0; i < 3; i++)
    if (conv->in[i] < 0 || conv->out[i] < 0 || conv->kernel[i] < 1 || conv->stride[i] < 1 ||
        conv->dilation[i] < 1)
      return false;
  if (conv->parts != 0 && (conv->parts < 2 || conv->parts > 3 || conv->type != APUS_F32)) return false;
  if (conv->type == APUS_F32) return conv->in_type == APUS_F32 && conv->out_type == APUS_F32;
  return conv->type == APUS_BF16 && (conv->in_type == APUS_F32 || conv->in_type == APUS_BF16) &&
         (conv->out_type == APUS_F32 || conv->out_type == APUS_BF16);
}

/// Elements of a packed panel, and bytes of each.
static ptrdiff_t panel_elements(const apus_conv *conv, const plan *p) {
  return conv->parts ? apus_parts_panel_elements(p->taps * p->depth, conv->parts) : p->taps * p->depth * APUS_PANEL;
}
static ptrdiff_t element_bytes(const apus_conv *conv) { return conv->parts ? 2 : apus_dtype_bytes(conv->type); }

size_t apus_conv_packed_bytes(const apus_conv *conv) {
  plan p = make_plan(conv);
  return (size_t)(conv->groups * p.panels * panel_elements(conv, &p) * element_bytes(conv));
}

void apus_conv_pack(const apus_conv *conv, const float *weights, void *packed) {
  const plan p = make_plan(conv);
  const ptrdiff_t channels = conv->in_channels / conv->groups, stored = p.box.group_channels;
  const ptrdiff_t volume = conv->kernel[0] * conv->kernel[1] * conv->kernel[2];
  memset(packed, 0, apus_conv_packed_bytes(conv));
  for (ptrdiff_t o = 0; o < conv->out_channels; o++) {
    const ptrdiff_t group = o / p.columns, column = o % p.columns;
    const ptrdiff_t panel = group * p.panels + column / APUS_PANEL, lane = column % APUS_PANEL;
    void *place = (char *)packed + panel * panel_elements(conv, &p) * element_bytes(conv);
    float *floats = conv->parts ? apus_parts_unpacked_panel(place, volume * stored, conv->parts) : place;
    for (ptrdiff_t tap = 0; tap < volume; tap++)
      for (ptrdiff_t c = 0; c < channels; c++) {
        const float value = weights[(o * channels + c) * volume + tap];
        const ptrdiff_t k = tap * stored + c;
        if (conv->type == APUS_F32) floats[k * APUS_PANEL + lane] = value;
        else ((uint16_t *)place)[(k / 2 * APUS_PANEL + lane) * 2 + k % 2] = apus_f32_to_bf16(value);
      }
  }
  if (!conv->parts) return;
  for (ptrdiff_t panel = 0; panel < conv->groups * p.panels; panel++)
    apus_parts_pack_panel((uint16_t *)packed + panel * panel_elements(conv, &p), volume * stored, conv->parts);
}

/// Bytes of the taps, and of what the convolution copies.
static size_t taps_bytes(const plan *p) { return (size_t)apus_round_up(p->taps * (ptrdiff_t)sizeof(ptrdiff_t), 64); }
static size_t copy_bytes(const apus_conv *conv, const plan *p) {
  if (p->gated_weights) return (size_t)conv->batch * apus_conv_packed_bytes(conv);
  return p->copied ? (apus_conv_box_bytes(conv, &p->box) + 127) / 64 * 64 : 0;
}

size_t apus_conv_workspace_bytes(const apus_conv *conv, int32_t threads) {
  const plan p = make_plan(conv);
  const size_t parts = conv->parts ? (size_t)apus_max(1, threads) * apus_parts_scratch_bytes() : 0;
  return taps_bytes(&p) + copy_bytes(conv, &p) + parts;
}

static void fill_taps(const apus_conv *conv, const plan *p, ptrdiff_t pixel, ptrdiff_t *taps) {
  const ptrdiff_t row = p->box.extent[2] * pixel, plane = p->box.extent[1] * row;
  const ptrdiff_t width = p->merged ? 1 : conv->kernel[2];
  for (ptrdiff_t z = 0; z < conv->kernel[0]; z++)
    for (ptrdiff_t y = 0; y < conv->kernel[1]; y++)
      for (ptrdiff_t x = 0; x < width; x++)
        *taps++ =
            z * conv->dilation[0] * plane + y * conv->dilation[1] * row + x * conv->dilation[2] * pixel;
}

typedef struct gating {
  const apus_conv *conv;
  const plan *plan;
  const char *packed;
  const float *gate;
  char *out;
} gating;

/// Multiplies one panel of a pointwise convolution's weights by the gate of one image.
static void gate_panel(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const gating *g = context;
  const ptrdiff_t image = task / g->plan->panels, panel = task % g->plan->panels, depth = g->plan->depth;
  const float *gate = g->gate + image * g->conv->in_channels;
  const ptrdiff_t bytes = depth * APUS_PANEL * apus_dtype_bytes(g->conv->type);
  apus_gate_panel(g->conv->type, g->packed + panel * bytes, gate, g->out + task * bytes, depth);
}

void apus_conv_nhwc(
    const apus_conv *conv, const void *in, const void *packed, const float *gate,
    const apus_epilogue *epilogue, void *out, void *workspace, apus_pool *pool) {
  const plan p = make_plan(conv);
  ptrdiff_t *taps = workspace;
  const void *a = in;
  if (conv->batch == 0 || conv->out[0] == 0 || conv->out[1] == 0 || conv->out[2] == 0) return;
  if (p.copied) {
    void *box = (char *)workspace + taps_bytes(&p);
    apus_conv_box_fill(conv, &p.box, in, conv->gated ? gate : NULL, box, pool);
    a = box;
  }
  if (p.gated_weights) {
    void *weights = (char *)workspace + taps_bytes(&p);
    gating g = {.conv = conv, .plan = &p, .packed = packed, .gate = gate, .out = weights};
    apus_pool_run(pool, conv->batch * p.panels, gate_panel, &g);
    packed = weights;
  }
  const ptrdiff_t pixel = conv->groups * p.box.group_channels;
  const ptrdiff_t row = p.box.extent[2] * pixel, plane = p.box.extent[1] * row;
  fill_taps(conv, &p, pixel, taps);
  const ptrdiff_t c_row = conv->out[2] * conv->out_channels, c_plane = conv->out[1] * c_row;
  apus_product product = {
      .tiles =
          {
              .taps = taps,
              .tap_count = p.taps,
              .depth = p.depth,
              .row_stride = conv->stride[2] * pixel,
              .run_stride = conv->stride[1] * row,
              .panel_stride = panel_elements(conv, &p),
              .c_row_stride = conv->out_channels,
              .c_run_stride = c_row,
              .columns = p.columns,
              .out_type = conv->out_type,
              .epilogue = epilogue,
              .parts = conv->parts,
          },
      .type = conv->type,
      .groups = conv->groups,
      .images = conv->batch,
      .planes = conv->out[0],
      .runs = conv->out[1],
      .rows = conv->out[2],
      .a_group = p.box.group_channels,
      .a_image = p.box.extent[0] * plane,
      .a_plane = conv->stride[0] * plane,
      .b_image = p.gated_weights ? p.panels * p.depth * APUS_PANEL : 0,
      .b_group = p.panels * panel_elements(conv, &p),
      .c_group = p.columns,
      .c_image = conv->out[0] * c_plane,
      .c_plane = c_plane,
  };
  bool pointwise = true;
  for (int i = 0; i < 3; i++)
    pointwise = pointwise && p.box.extent[i] == conv->out[i] && conv->kernel[i] == 1 && conv->stride[i] == 1;
  if (pointwise) {
    // All pixels, of the batch where the weights are the same, are rows of one matrix.
    product.rows = conv->out[0] * conv->out[1] * conv->out[2];
    product.planes = product.runs = 1;
    if (!p.gated_weights) {
      product.rows *= conv->batch;
      product.images = 1;
    }
  }
  void *scratch = (char *)workspace + taps_bytes(&p) + copy_bytes(conv, &p);
  apus_product_run(&product, a, packed, out, 0, scratch, pool);
}
