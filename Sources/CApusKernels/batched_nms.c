#include "include/apus_detection.h"
#include "internal/candidates.h"
#include "internal/levels.h"

typedef struct nms_job {
  const apus_batched_nms *nms;
  const float *boxes, *scores;
  int32_t *out_counts;
  float *out_boxes, *out_scores, *out_classes;
  char *workspace;
} nms_job;

/// Boxes of a class that can reach the result, and candidates of it that take part.
static ptrdiff_t kept_of_class(const apus_batched_nms *n) { return apus_min(n->most, n->places); }
static ptrdiff_t candidates_of_class(const apus_batched_nms *n) { return apus_min(n->most_candidates, n->places); }

/// Parts of a thread's workspace: scores of a class, its candidates, its kept boxes, survivors of all classes.
static size_t scores_bytes(const apus_batched_nms *n) { return (size_t)apus_round_up(4 * n->places, 64); }
static size_t keys_bytes(const apus_batched_nms *n) { return 8 * candidates_room(candidates_of_class(n)); }
static size_t survivors_bytes(const apus_batched_nms *n) {
  return (size_t)apus_round_up(8 * n->classes * kept_of_class(n), 64);
}
static size_t thread_bytes(const apus_batched_nms *n) {
  return scores_bytes(n) + keys_bytes(n) + kept_boxes_bytes(kept_of_class(n)) + survivors_bytes(n);
}

size_t apus_batched_nms_workspace_bytes(const apus_batched_nms *n, int32_t threads) {
  return thread_bytes(n) * (size_t)apus_max(1, threads);
}

static box_f32 box_at(const nms_job *job, ptrdiff_t image, ptrdiff_t place, ptrdiff_t label) {
  const apus_batched_nms *n = job->nms;
  const ptrdiff_t at = (image * n->places + place) * n->boxes_per_place + (n->boxes_per_place == 1 ? 0 : label);
  box_f32 box;
  memcpy(&box, job->boxes + 4 * at, sizeof box);
  return box;
}

/// Appends the keys of a class's kept boxes to `survivors`; they count class by class.
static ptrdiff_t class_survivors(
    const nms_job *job, ptrdiff_t image, ptrdiff_t label, char *memory, uint64_t *survivors) {
  const apus_batched_nms *n = job->nms;
  float *scores = (float *)memory;
  uint64_t *keys = (uint64_t *)(memory + scores_bytes(n));
  kept_boxes kept = kept_boxes_at(memory + scores_bytes(n) + keys_bytes(n), kept_of_class(n));
  const float *from = job->scores + image * n->places * n->classes + label;
  for (ptrdiff_t i = 0; i < n->places; ++i) scores[i] = from[i * n->classes];
  const candidate_query query = {
      .scores = scores, .count = n->places, .threshold = n->score_threshold, .skipped = -1};
  const ptrdiff_t found = candidates_select(&query, candidates_of_class(n), keys);
  const overlap_rule rule = {.threshold = n->iou_threshold, .extra = n->extra};
  for (ptrdiff_t i = 0; i < found && kept.count < kept_of_class(n); ++i) {
    const ptrdiff_t place = candidate_index(keys[i]), next = kept.count;
    const box_f32 b = box_at(job, image, place, label);
    const box_f32 ordered = {
        fminf(b.x1, b.x2), fminf(b.y1, b.y2), fmaxf(b.x1, b.x2), fmaxf(b.y1, b.y2)};
    if (kept_boxes_add(&kept, &rule, ordered, 0)) {
      survivors[next] = candidate_key(scores[place], (uint32_t)(label * n->places + place));
    }
  }
  return kept.count;
}

static void nms_task(void *context, ptrdiff_t image, int32_t thread) {
  const nms_job *job = context;
  const apus_batched_nms *n = job->nms;
  char *memory = job->workspace + thread_bytes(n) * (size_t)thread;
  uint64_t *survivors = (uint64_t *)(memory + thread_bytes(n) - survivors_bytes(n));
  ptrdiff_t found = 0;
  for (ptrdiff_t label = 0; label < n->classes; ++label) {
    if (label != n->background) found += class_survivors(job, image, label, memory, survivors + found);
  }
  found = candidates_order(survivors, found, n->most);
  float *boxes = job->out_boxes + image * n->most * 4, *scores = job->out_scores + image * n->most;
  float *classes = job->out_classes + image * n->most;
  for (ptrdiff_t i = 0; i < found; ++i) {
    const ptrdiff_t index = candidate_index(survivors[i]), label = index / n->places, place = index % n->places;
    scores[i] = job->scores[(image * n->places + place) * n->classes + label];
    classes[i] = (float)label;
    const box_f32 box = box_at(job, image, place, label);
    memcpy(boxes + 4 * i, &box, sizeof box);
  }
  if (n->clamp) {
    for (ptrdiff_t i = 0; i < 4 * found; ++i) boxes[i] = fminf(fmaxf(boxes[i], 0), 1);
  }
  for (ptrdiff_t i = found; i < n->most; ++i) {
    scores[i] = 0;
    classes[i] = -1;
    memset(boxes + 4 * i, 0, 4 * sizeof(float));
  }
  job->out_counts[image] = (int32_t)found;
}

void apus_batched_nms_run(
    const apus_batched_nms *nms, const float *boxes, const float *scores, int32_t *out_counts, float *out_boxes,
    float *out_scores, float *out_classes, void *workspace, apus_pool *pool) {
  nms_job job = {nms, boxes, scores, out_counts, out_boxes, out_scores, out_classes, workspace};
  apus_pool_run(pool, nms->batch, nms_task, &job);
}
