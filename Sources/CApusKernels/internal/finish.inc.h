#include "math.inc.h"
#include "activation.inc.h"
#define APUS_SPAN(ACT)                                                              \
  case ACT:                                                                         \
    for (ptrdiff_t i = 0; i < n; i += APUS_LANES)                                   \
      vstore(y + i, vactivate(ACT, vload(x + i), alpha, beta));                     \
    break;

/// `n` is a multiple of the lanes.
void FN(apus_activate)(
    apus_activation act, float alpha, float beta, const float *x, float *y, ptrdiff_t n) {
  switch (act) {
    APUS_SPAN(APUS_ACT_NONE)
    APUS_SPAN(APUS_ACT_RELU)
    APUS_SPAN(APUS_ACT_CLIP)
    APUS_SPAN(APUS_ACT_LEAKY_RELU)
    APUS_SPAN(APUS_ACT_ELU)
    APUS_SPAN(APUS_ACT_SELU)
    APUS_SPAN(APUS_ACT_SIGMOID)
    APUS_SPAN(APUS_ACT_TANH)
    APUS_SPAN(APUS_ACT_SILU)
    APUS_SPAN(APUS_ACT_HARD_SIGMOID)
    APUS_SPAN(APUS_ACT_HARD_SWISH)
    APUS_SPAN(APUS_ACT_GELU)
    APUS_SPAN(APUS_ACT_GELU_TANH)
    APUS_SPAN(APUS_ACT_MISH)
    APUS_SPAN(APUS_ACT_SOFTPLUS)
  }
}
#undef APUS_SPAN

/// One pass, with the activation `act` and its parameters in registers.
INLINE void FN(finish_pass)(
    const apus_finish *f, const apus_dtype type, const apus_activation act, float alpha, float beta) {
  const apus_epilogue *e = f->epilogue;
  const bool early = f->residual != NULL && !e->residual_last, late = f->residual != NULL && e->residual_last;
  for (ptrdiff_t j = 0; j < f->columns; j += APUS_LANES) {
    const ptrdiff_t left = f->columns - j;
    vf bias = vset(0.0f);
    if (f->bias != NULL) bias = left >= APUS_LANES ? vload(f->bias + j) : vload_n(f->bias + j, left);
    for (ptrdiff_t row = 0; row < f->rows; row++) {
      const ptrdiff_t at = row * f->out_stride + j;
      vf v = vload(f->tile + row * f->tile_stride + j) + bias;
      if (early) v += vload_as(f->residual, type, at, left);
      if (act == APUS_ACT_GELU) v = vgelu(v);
      else if (act != APUS_ACT_SILU) v = vactivate(act, v, alpha, beta);
      else v = type == APUS_BF16 ? vsilu_short(v, alpha) : vsilu(v, alpha);
      if (late) v += vload_as(f->residual, type, at, left);
      vstore_as(f->out, type, at, left, v);
    }
  }
}

/// Any other activation: the tile stays in the first-level cache between the passes.
INLINE void FN(finish_rows)(const apus_finish *f, const apus_dtype type) {
  const apus_epilogue *e = f->epilogue;
  const bool early = f->residual != NULL && !e->residual_last, late = f->residual != NULL && e->residual_last;
  if (early || f->bias != NULL) {
    for (ptrdiff_t row = 0; row < f->rows; row++)
      for (ptrdiff_t j = 0; j < f->columns; j += APUS_LANES) {
        const ptrdiff_t left = f->columns - j;
        float *x = f->tile + row * f->tile_stride + j;
        vf v = vload(x);
        if (f->bias != NULL) v += left >= APUS_LANES ? vload(f->bias + j) : vload_n(f->bias + j, left);
        if (early) v += vload_as(f->residual, type, row * f->out_stride + j, left);
        vstore(x, v);
      }
  }
  FN(apus_activate)(e->activation, e->alpha, e->beta, f->tile, f->tile, f->rows * f->tile_stride);
  for (ptrdiff_t row = 0; row < f->rows; row++)
    for (ptrdiff_t j = 0; j < f->columns; j += APUS_LANES) {
      const ptrdiff_t left = f->columns - j, at = row * f->out_stride + j;
      vf v = vload(f->tile + row * f->tile_stride + j);
      if (late) v += vload_as(f->residual, type, at, left);
      vstore_as(f->out, type, at, left, v);
    }
}

INLINE void FN(finish_typed)(const apus_finish *f, const apus_dtype type) {
  const apus_epilogue *e = f->epilogue;
  const float inf = __builtin_inff();
  if (e->activation <= APUS_ACT_CLIP) {
    // The three are bounds.
    const bool clip = e->activation == APUS_ACT_CLIP;
    const float low = clip ? e->alpha : e->activation == APUS_ACT_RELU ? 0.0f : -inf;
    FN(finish_pass)(f, type, APUS_ACT_CLIP, low, clip ? e->beta : inf);
  } else if (e->activation == APUS_ACT_SILU) {
    FN(finish_pass)(f, type, APUS_ACT_SILU, e->alpha, e->beta);
  } else if (e->activation == APUS_ACT_GELU) {
    FN(finish_pass)(f, type, APUS_ACT_GELU, 0, 0);
  } else {
    FN(finish_rows)(f, type);
  }
}

void FN(apus_finish)(const apus_finish *f) {
  if (f->out_type == APUS_BF16) FN(finish_typed)(f, APUS_BF16);
  else FN(finish_typed)(f, APUS_F32);
}

/// Any `n`: the tail goes through a small buffer.
static void FN(activation_f32)(
    apus_activation act, float alpha, float beta, const float *x, float *y, ptrdiff_t n) {
  ptrdiff_t whole = n - n % APUS_LANES;
  FN(apus_activate)(act, alpha, beta, x, y, whole);
  if (whole == n) return;
  float buffer[APUS_LANES];
  vstore(buffer, vload_n(x + whole, n - whole));
  FN(apus_activate)(act, alpha, beta, buffer, buffer, APUS_LANES);
  vstore_n(y + whole, vload(buffer), n - whole);
}

static void FN(activation_bf16)(
    apus_activation act, float alpha, float beta, const uint16_t *x, uint16_t *y, ptrdiff_t n) {
  float buffer[512];
  for (ptrdiff_t start = 0; start < n; start += 512) {
    ptrdiff_t count = apus_min(512, n - start);
    for (ptrdiff_t i = 0; i < count; i += APUS_LANES)
      vstore(buffer + i, vload_as(x, APUS_BF16, start + i, count - i));
    FN(apus_activate)(act, alpha, beta, buffer, buffer, apus_round_up(count, APUS_LANES));
    for (ptrdiff_t i = 0; i < count; i += APUS_LANES)
      vstore_as(y, APUS_BF16, start + i, count - i, vload(buffer + i));
  }
}
