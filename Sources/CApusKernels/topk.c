#include "internal/order.h"

typedef struct topk_job {
  const apus_lines *lines;
  ptrdiff_t k, block;
  bool largest;
  /// What turns the order round.
  uint64_t flip;
  const char *in;
  char *values;
  int64_t *places;
  char *workspace;
  ptrdiff_t thread_bytes;
} topk_job;

#define KEY uint64_t
#define SELECT(name) name##_narrow
#include "internal/select.inc.h"
#undef KEY
#undef SELECT
#define KEY unsigned __int128
#define SELECT(name) name##_wide
#include "internal/select.inc.h"
#undef KEY
#undef SELECT

bool apus_order_takes(apus_dtype type) { return type != APUS_F16; }

static ptrdiff_t thread_bytes(const apus_lines *lines) {
  return apus_round_up(lines->size * (apus_order_is_wide(lines->type) ? 16 : 8), 64);
}

size_t apus_topk_workspace_bytes(const apus_lines *lines, int32_t threads) {
  return (size_t)(thread_bytes(lines) * threads);
}

static void topk_task(void *context, ptrdiff_t task, int32_t thread) {
  const topk_job *job = context;
  const apus_lines *l = job->lines;
  void *keys = job->workspace + thread * job->thread_bytes;
  const ptrdiff_t end = apus_min(l->outer * l->inner, (task + 1) * job->block);
  for (ptrdiff_t line = task * job->block; line < end; line++) {
    if (apus_order_is_wide(l->type)) topk_line_wide(job, line, keys);
    else topk_line_narrow(job, line, keys);
  }
}

void apus_topk(
    const apus_lines *lines, ptrdiff_t k, bool largest, const void *in, void *values, int64_t *places,
    void *workspace, apus_pool *pool) {
  if (k == 0) return;
  topk_job job = {.lines = lines, .k = k, .largest = largest, .in = in, .values = values, .places = places};
  job.flip = apus_order_is_wide(lines->type) ? UINT64_MAX : UINT32_MAX;
  job.workspace = workspace;
  job.thread_bytes = thread_bytes(lines);
  job.block = apus_max(1, 4096 / apus_max(1, lines->size));
  apus_pool_run(pool, apus_ceil_div(lines->outer * lines->inner, job.block), topk_task, &job);
}
