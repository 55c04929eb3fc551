#include "include/apus_detection.h"
#include "internal/candidates.h"
#include "internal/levels.h"

typedef struct decode_job {
  const apus_retinanet_decode *decode;
  const float *scores, *deltas, *anchors;
  float *out_scores, *out_boxes, *out_classes;
  char *workspace;
} decode_job;

static size_t decode_bytes(const apus_retinanet_decode *d) { return 8 * candidates_room(d->most); }

size_t apus_retinanet_decode_workspace_bytes(const apus_retinanet_decode *d, int32_t threads) {
  return decode_bytes(d) * (size_t)apus_max(1, threads);
}

static float clamped(float value, float limit) { return fminf(fmaxf(value, 0), limit); }

static void decode_box(const decode_job *job, ptrdiff_t image, ptrdiff_t anchor, ptrdiff_t place, float *box) {
  const apus_retinanet_decode *d = job->decode;
  const ptrdiff_t plane = d->height * d->width;
  const float *delta = job->deltas + (image * d->anchors + anchor) * 4 * plane + place;
  const float *corner = job->anchors + 4 * anchor;
  const float left = (float)(place % d->width * d->stride_x), top = (float)(place / d->width * d->stride_y);
  const float x1 = left + corner[0], y1 = top + corner[1];
  const float width = left + corner[2] - x1 + d->extra, height = top + corner[3] - y1 + d->extra;
  const float x = delta[0] * width + x1 + 0.5f * width, y = delta[plane] * height + y1 + 0.5f * height;
  const float dw = delta[2 * plane], dh = delta[3 * plane];
  const float half_width = 0.5f * (expf(dw > d->clip ? d->clip : dw) * width);
  const float half_height = 0.5f * (expf(dh > d->clip ? d->clip : dh) * height);
  box[0] = clamped(x - half_width, d->limit_x);
  box[1] = clamped(y - half_height, d->limit_y);
  box[2] = clamped(x + half_width - d->extra, d->limit_x);
  box[3] = clamped(y + half_height - d->extra, d->limit_y);
}

static void decode_task(void *context, ptrdiff_t image, int32_t thread) {
  const decode_job *job = context;
  const apus_retinanet_decode *d = job->decode;
  const ptrdiff_t plane = d->height * d->width, count = d->anchors * d->classes * plane;
  uint64_t *keys = (uint64_t *)(job->workspace + decode_bytes(d) * (size_t)thread);
  const candidate_query query = {
      .scores = job->scores + image * count, .count = count, .threshold = d->threshold, .skipped = -1};
  const ptrdiff_t found = candidates_select(&query, d->most, keys);
  float *scores = job->out_scores + image * d->most, *classes = job->out_classes + image * d->most;
  float *boxes = job->out_boxes + image * d->most * 4;
  for (ptrdiff_t i = 0; i < found; ++i) {
    const ptrdiff_t position = candidate_index(keys[i]), channel = position / plane;
    scores[i] = query.scores[position];
    classes[i] = (float)(channel % d->classes);
    decode_box(job, image, channel / d->classes, position % plane, boxes + 4 * i);
  }
  const size_t rest = (size_t)(d->most - found) * sizeof(float);
  memset(scores + found, 0, rest);
  memset(classes + found, 0, rest);
  memset(boxes + 4 * found, 0, 4 * rest);
}

void apus_retinanet_decode_run(
    const apus_retinanet_decode *decode, const float *scores, const float *deltas, const float *anchors,
    float *out_scores, float *out_boxes, float *out_classes, void *workspace, apus_pool *pool) {
  decode_job job = {decode, scores, deltas, anchors, out_scores, out_boxes, out_classes, workspace};
  apus_pool_run(pool, decode->batch, decode_task, &job);
}

typedef struct nms_job {
  const apus_retinanet_nms *nms;
  const float *scores, *boxes, *classes;
  float *out_scores, *out_boxes, *out_classes;
  int32_t *out_counts;
  char *workspace;
} nms_job;

static size_t nms_bytes(const apus_retinanet_nms *n) {
  return 8 * candidates_room(n->candidates) + kept_boxes_bytes(n->most);
}

size_t apus_retinanet_nms_workspace_bytes(const apus_retinanet_nms *n, int32_t threads) {
  return nms_bytes(n) * (size_t)apus_max(1, threads);
}

static void nms_task(void *context, ptrdiff_t image, int32_t thread) {
  const nms_job *job = context;
  const apus_retinanet_nms *n = job->nms;
  char *memory = job->workspace + nms_bytes(n) * (size_t)thread;
  uint64_t *keys = (uint64_t *)memory;
  kept_boxes kept = kept_boxes_at(memory + 8 * candidates_room(n->candidates), n->most);
  const candidate_query query = {
      .scores = job->scores + image * n->candidates, .count = n->candidates, .threshold = 0, .skipped = -1};
  const float *boxes = job->boxes + image * n->candidates * 4, *classes = job->classes + image * n->candidates;
  float *scores = job->out_scores + image * n->most, *labels = job->out_classes + image * n->most;
  float *corners = job->out_boxes + image * n->most * 4;
  const overlap_rule rule = {.threshold = n->threshold, .extra = n->extra};
  const ptrdiff_t found = candidates_select(&query, n->candidates, keys);
  for (ptrdiff_t i = 0; i < found && kept.count < n->most; ++i) {
    const ptrdiff_t index = candidate_index(keys[i]);
    box_f32 box;
    memcpy(&box, boxes + 4 * index, sizeof box);
    // Classes are compared as they are, by their bits.
    int32_t label;
    memcpy(&label, classes + index, sizeof label);
    const ptrdiff_t place = kept.count;
    if (!kept_boxes_add(&kept, &rule, box, label)) continue;
    scores[place] = query.scores[index];
    labels[place] = classes[index];
    memcpy(corners + 4 * place, &box, sizeof box);
  }
  const size_t rest = (size_t)(n->most - kept.count) * sizeof(float);
  memset(scores + kept.count, 0, rest);
  memset(labels + kept.count, 0, rest);
  memset(corners + 4 * kept.count, 0, 4 * rest);
  if (job->out_counts) job->out_counts[image] = (int32_t)kept.count;
}

void apus_retinanet_nms_run(
    const apus_retinanet_nms *nms, const float *scores, const float *boxes, const float *classes,
    float *out_scores, float *out_boxes, float *out_classes, int32_t *out_counts, void *workspace,
    apus_pool *pool) {
  nms_job job = {nms, scores, boxes, classes, out_scores, out_boxes, out_classes, out_counts, workspace};
  apus_pool_run(pool, nms->batch, nms_task, &job);
}
