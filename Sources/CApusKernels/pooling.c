#include "include/apus_pooling.h"

#include "internal/levels.h"

typedef struct apus_pooling_job {
  const apus_pooling *pooling;
  const void *in;
  void *out;
  /// Channels of a task, and tasks of a row of pixels.
  ptrdiff_t block, blocks;
} apus_pooling_job;

#define APUS_KERNEL "pooling.inc.h"
#include "internal/foreach_level.inc.h"

void apus_pooling_nhwc(const apus_pooling *p, const void *in, void *out, apus_pool *pool) {
  const ptrdiff_t rows = p->batch * p->out[0] * p->out[1];
  if (rows == 0 || p->out[2] == 0 || p->channels == 0) return;
  // Few rows (global pooling) are shared out by channels.
  ptrdiff_t block = p->channels;
  const ptrdiff_t threads = apus_pool_threads(pool);
  if (threads > 1 && rows < 4 * threads)
    block = apus_max(64, apus_round_up(apus_ceil_div(p->channels * rows, 4 * threads), 64));
  apus_pooling_job job = {
      .pooling = p, .in = in, .out = out, .block = block, .blocks = apus_ceil_div(p->channels, block)};
  apus_pool_run(pool, rows * job.blocks, APUS_SELECT_F32(pool_task), &job);
}
