// One output row of a resize, for the level being compiled.

static void FN(resize_pixel)(
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

static void FN(resize_task)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const resize_job *job = context;
  const apus_resize *r = job->resize;
  const ptrdiff_t image = task / r->out_height, y = task % r->out_height;
  for (ptrdiff_t x = 0; x < r->out_width; x++)
    FN(resize_pixel)(r, job->in, job->out, image, y, x, (task * r->out_width + x) * r->channels);
}
