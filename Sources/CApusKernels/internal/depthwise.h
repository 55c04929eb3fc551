#ifndef APUS_DEPTHWISE_INTERNAL_H
#define APUS_DEPTHWISE_INTERNAL_H
#include "../include/apus_depthwise.h"

/// One call, and the part of it that a task computes.
typedef struct apus_depthwise_job {
  const apus_depthwise *conv;
  const apus_epilogue *epilogue;
  const void *in;
  const float *weights;
  void *out;
  /// Sums of each task, [task][channels], or NULL.
  float *partial;
  ptrdiff_t rows_per_task, tasks_per_image;
  /// Channels taken together over all rows of a task.
  ptrdiff_t channel_block;
} apus_depthwise_job;
#endif
