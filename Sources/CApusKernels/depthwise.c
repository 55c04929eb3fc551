#include "internal/depthwise.h"

#include "internal/finish.h"
#include "internal/levels.h"

#define APUS_KERNEL "depthwise.inc.h"
#include "internal/foreach_level.inc.h"

size_t apus_depthwise_packed_bytes(const apus_depthwise *conv) {
  return (size_t)(conv->kernel[0] * conv->kernel[1] * apus_round_up(conv->channels, 16)) * sizeof(float);
}

void apus_depthwise_pack(const apus_depthwise *conv, const float *weights, float *packed) {
  const ptrdiff_t taps = conv->kernel[0] * conv->kernel[1], stored = apus_round_up(conv->channels, 16);
  memset(packed, 0, apus_depthwise_packed_bytes(conv));
  for (ptrdiff_t c = 0; c < conv->channels; c++)
    for (ptrdiff_t tap = 0; tap < taps; tap++) packed[tap * stored + c] = weights[c * taps + tap];
}

/// Rows of one task: enough work to be worth handing out, several tasks for each thread.
static ptrdiff_t rows_per_task(const apus_depthwise *conv, int32_t threads) {
  const ptrdiff_t work = conv->out[1] * conv->channels * conv->kernel[0] * conv->kernel[1];
  const ptrdiff_t least = apus_ceil_div(100000, apus_max(work, 1));
  const ptrdiff_t wanted = threads > 1 ? 4 * threads : 1;
  const ptrdiff_t even = apus_ceil_div(conv->out[0] * conv->batch, wanted);
  return apus_max(1, apus_min(conv->out[0], apus_max(least, even)));
}

/// Channels for which the input rows of one output row stay in the first-level cache: 16, 32, 64 or 128.
/// All of them for inputs beyond the second level, which are best read in order.
static ptrdiff_t channel_block(const apus_depthwise *conv) {
  const ptrdiff_t size = conv->in_type == APUS_BF16 ? 2 : 4;
  if (conv->in[0] * conv->in[1] * conv->channels * size > 1536 * 1024) return conv->channels;
  ptrdiff_t block = 128;
  while (block > 16 && conv->kernel[0] * conv->in[1] * block * size > 44 * 1024) block /= 2;
  return block;
}

size_t apus_depthwise_workspace_bytes(const apus_depthwise *conv, int32_t threads) {
  if (conv->out[0] == 0) return 64;
  // Fewer threads make fewer tasks.
  const ptrdiff_t tasks = conv->batch * apus_ceil_div(conv->out[0], rows_per_task(conv, threads));
  return (size_t)(tasks * conv->channels) * sizeof(float) + 64;
}

void apus_depthwise_nhwc(
    const apus_depthwise *conv, const void *in, const float *packed, const apus_epilogue *epilogue,
    void *out, float *sums, void *workspace, apus_pool *pool) {
  if (conv->batch == 0 || conv->channels == 0) return;
  if (conv->out[0] == 0 || conv->out[1] == 0) {
    if (sums != NULL) memset(sums, 0, (size_t)(conv->batch * conv->channels) * sizeof *sums);
    return;
  }
  const ptrdiff_t rows = rows_per_task(conv, apus_pool_threads(pool));
  apus_depthwise_job job = {
      .conv = conv,
      .epilogue = epilogue,
      .in = in,
      .weights = packed,
      .out = out,
      .partial = sums == NULL ? NULL : workspace,
      .rows_per_task = rows,
      .tasks_per_image = apus_ceil_div(conv->out[0], rows),
      .channel_block = channel_block(conv),
  };
  apus_pool_run(pool, conv->batch * job.tasks_per_image, APUS_SELECT_F32(dw_task), &job);
  if (sums == NULL) return;
  for (ptrdiff_t image = 0; image < conv->batch; image++)
    for (ptrdiff_t c = 0; c < conv->channels; c++) {
      float sum = 0;
      for (ptrdiff_t i = 0; i < job.tasks_per_image; i++)
        sum += job.partial[(image * job.tasks_per_image + i) * conv->channels + c];
      sums[image * conv->channels + c] = sum;
    }
}
