#include "include/apus_softmax.h"

#include <math.h>

#include "internal/levels.h"

typedef struct softmax_job {
  const apus_softmax *softmax;
  const void *in;
  void *out;
  /// Rows, or lanes of the inner axis, of one task.
  ptrdiff_t block;
} softmax_job;

#define APUS_KERNEL "softmax.inc.h"
#include "internal/foreach_level.inc.h"

void apus_softmax_run(const apus_softmax *s, const void *in, void *out, apus_pool *pool) {
  if (s->outer == 0 || s->count == 0 || s->inner == 0) return;
  // Some ten thousand elements a task.
  softmax_job job = {.softmax = s, .in = in, .out = out};
  job.block = s->inner == 1 ? apus_max(1, 8192 / s->count) : apus_max(64, apus_round_up(8192 / s->count, 64));
  const ptrdiff_t tasks =
      s->inner == 1 ? apus_ceil_div(s->outer, job.block) : s->outer * apus_ceil_div(s->inner, job.block);
  apus_pool_run(pool, tasks, APUS_SELECT_F32(softmax_task), &job);
}
