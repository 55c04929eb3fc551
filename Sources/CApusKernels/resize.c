#include "include/apus_resize.h"

#include "internal/levels.h"

typedef struct resize_job {
  const apus_resize *resize;
  const void *in;
  void *out;
} resize_job;

#define APUS_KERNEL "resize.inc.h"
#include "internal/foreach_level.inc.h"

/// A row in which every pixel is a copy of one pixel.
static void copy_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const resize_job *job = context;
  const apus_resize *r = job->resize;
  const ptrdiff_t image = task / r->out_height, y = task % r->out_height;
  const size_t bytes = (size_t)r->channels * (r->in_type == APUS_BF16 ? 2 : 4);
  const char *in = (const char *)job->in;
  char *out = (char *)job->out + (size_t)(task * r->out_width) * bytes;
  const ptrdiff_t row = (image * r->in_height + r->vertical.indices[y]) * r->in_width;
  for (ptrdiff_t x = 0; x < r->out_width; x++)
    memcpy(out + (size_t)x * bytes, in + (size_t)(row + r->horizontal.indices[x]) * bytes, bytes);
}

void apus_resize_nhwc(const apus_resize *r, const void *in, void *out, apus_pool *pool) {
  resize_job job = {.resize = r, .in = in, .out = out};
  const apus_resize_axis *axes[2] = {&r->vertical, &r->horizontal};
  bool nearest = r->in_type == r->out_type;
  for (int i = 0; i < 2; i++) nearest = nearest && axes[i]->taps == 1 && axes[i]->weights == NULL;
  apus_pool_run(pool, r->batch * r->out_height, nearest ? copy_task : APUS_SELECT_F32(resize_task), &job);
}
