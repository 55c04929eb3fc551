// One output row of a resize, for the level being compiled.

/// The pixels and weights of one output pixel.
#define resize_taps FN(apus_resize_taps)
enum { FN(RESIZE_TAPS) = 64 };
typedef struct resize_taps {
  ptrdiff_t count;
  ptrdiff_t offsets[FN(RESIZE_TAPS)];
  float weights[FN(RESIZE_TAPS)];
} resize_taps;

/// Adds the taps; the types are constants where it matters.
INLINE void FN(resize_sum)(
    const apus_resize *r, const apus_dtype in_type, const apus_dtype out_type, const void *in, void *out,
    const resize_taps *taps, ptrdiff_t at) {
  for (ptrdiff_t c = 0; c < r->channels; c += APUS_LANES) {
    const ptrdiff_t left = r->channels - c;
    vf sum = vset(0.0f);
    for (ptrdiff_t i = 0; i < taps->count; i++)
      sum += vload_as(in, in_type, taps->offsets[i] + c, left) * taps->weights[i];
    vstore_as(out, out_type, at + c, left, sum);
  }
}

/// Any number of taps, straight from the tables.
static void FN(resize_many)(
    const apus_resize *r, const void *in, void *out, ptrdiff_t image, ptrdiff_t y, ptrdiff_t x, ptrdiff_t at) {
  const apus_resize_axis *v = &r->vertical, *h = &r->horizontal;
  for (ptrdiff_t c = 0; c < r->channels; c += APUS_LANES) {
    const ptrdiff_t left = r->channels - c;
    vf sum = vset(0.0f);
    for (ptrdiff_t j = y * v->taps; j < (y + 1) * v->taps; j++) {
      const ptrdiff_t row = (image * r->in_height + v->indices[j]) * r->in_width;
      vf line = vset(0.0f);
      for (ptrdiff_t i = x * h->taps; i < (x + 1) * h->taps; i++) {
        const vf value = vload_as(in, r->in_type, (row + h->indices[i]) * r->channels + c, left);
        line += value * (h->weights == NULL ? 1.0f : h->weights[i]);
      }
      sum += line * (v->weights == NULL ? 1.0f : v->weights[j]);
    }
    vstore_as(out, r->out_type, at + c, left, sum);
  }
}

static void FN(resize_pixel)(
    const apus_resize *r, const void *in, void *out, ptrdiff_t image, ptrdiff_t y, ptrdiff_t x, ptrdiff_t at) {
  const apus_resize_axis *v = &r->vertical, *h = &r->horizontal;
  if (v->taps * h->taps > FN(RESIZE_TAPS)) {
    FN(resize_many)(r, in, out, image, y, x, at);
    return;
  }
  resize_taps taps;
  taps.count = 0;
  for (ptrdiff_t j = y * v->taps; j < (y + 1) * v->taps; j++) {
    const ptrdiff_t row = (image * r->in_height + v->indices[j]) * r->in_width;
    const float weight = v->weights == NULL ? 1.0f : v->weights[j];
    for (ptrdiff_t i = x * h->taps; i < (x + 1) * h->taps; i++) {
      taps.offsets[taps.count] = (row + h->indices[i]) * r->channels;
      taps.weights[taps.count++] = weight * (h->weights == NULL ? 1.0f : h->weights[i]);
    }
  }
  if (r->in_type == APUS_F32 && r->out_type == APUS_F32)
    FN(resize_sum)(r, APUS_F32, APUS_F32, in, out, &taps, at);
  else if (r->in_type == APUS_BF16 && r->out_type == APUS_BF16)
    FN(resize_sum)(r, APUS_BF16, APUS_BF16, in, out, &taps, at);
  else FN(resize_sum)(r, r->in_type, r->out_type, in, out, &taps, at);
}

static void FN(resize_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const resize_job *job = context;
  const apus_resize *r = job->resize;
  const ptrdiff_t image = task / r->out_height, y = task % r->out_height;
  for (ptrdiff_t x = 0; x < r->out_width; x++)
    FN(resize_pixel)(r, job->in, job->out, image, y, x, (task * r->out_width + x) * r->channels);
}
#undef resize_taps
