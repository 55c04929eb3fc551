#include "include/apus_reduce.h"

#include "internal/levels.h"

typedef struct reduce_job {
  const apus_reduce *reduce;
  const void *in;
  void *out;
  /// Rows, or lanes of the inner axis, of one task.
  ptrdiff_t block;
} reduce_job;

#define APUS_KERNEL "reduce.inc.h"
#include "internal/foreach_level.inc.h"

void apus_reduce_run(const apus_reduce *r, const void *in, void *out, apus_pool *pool) {
  if (r->outer == 0 || r->inner == 0) return;
  const ptrdiff_t count = apus_max(r->count, 1);
  reduce_job job = {.reduce = r, .in = in, .out = out};
  job.block = r->inner == 1 ? apus_max(1, 16384 / count) : apus_max(64, apus_round_up(16384 / count, 64));
  const ptrdiff_t tasks =
      r->inner == 1 ? apus_ceil_div(r->outer, job.block) : r->outer * apus_ceil_div(r->inner, job.block);
  apus_pool_run(pool, tasks, APUS_SELECT_F32(reduce_task), &job);
}
