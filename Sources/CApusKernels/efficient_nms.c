#include "include/apus_detection.h"
#include "internal/candidates.h"
#include "internal/levels.h"

typedef struct nms_job {
  const apus_efficient_nms *nms;
  const float *boxes, *scores, *anchors;
  int32_t *out_counts;
  float *out_boxes, *out_scores;
  int32_t *out_classes;
  char *workspace;
} nms_job;

/// Candidates that are sorted at a time; further ones follow while boxes are wanted.
enum { candidates_at_once = 4096 };

static size_t thread_bytes(const apus_efficient_nms *n) {
  return 8 * candidates_room(candidates_at_once) + kept_boxes_bytes(n->most) +
      (size_t)apus_round_up(4 * n->classes, 64);
}

size_t apus_efficient_nms_workspace_bytes(const apus_efficient_nms *n, int32_t threads) {
  return thread_bytes(n) * (size_t)apus_max(1, threads);
}

static box_f32 ordered(box_f32 box) {
  return (box_f32){fminf(box.x1, box.x2), fminf(box.y1, box.y2), fmaxf(box.x1, box.x2), fmaxf(box.y1, box.y2)};
}

/// The corners of a candidate's box.
static box_f32 decoded(const nms_job *job, ptrdiff_t image, ptrdiff_t place, ptrdiff_t label) {
  const apus_efficient_nms *n = job->nms;
  box_f32 box;
  const ptrdiff_t at = (image * n->places + place) * n->boxes_per_place + (n->boxes_per_place == 1 ? 0 : label);
  memcpy(&box, job->boxes + 4 * at, sizeof box);
  if (job->anchors) {
    box_f32 anchor;
    memcpy(&anchor, job->anchors + 4 * ((n->shared_anchors ? 0 : image * n->places) + place), sizeof anchor);
    if (n->centers) {
      box = (box_f32){
          box.x1 * anchor.x2 + anchor.x1, box.y1 * anchor.y2 + anchor.y1, expf(box.x2) * anchor.x2,
          expf(box.y2) * anchor.y2};
    } else {
      box = ordered(box);
      anchor = ordered(anchor);
      box = (box_f32){box.x1 + anchor.x1, box.y1 + anchor.y1, box.x2 + anchor.x2, box.y2 + anchor.y2};
    }
  }
  if (!n->centers) return box;
  const float width = 0.5f * box.x2, height = 0.5f * box.y2;
  return (box_f32){box.x1 - width, box.y1 - height, box.x1 + width, box.y1 + height};
}

static double activated(const apus_efficient_nms *n, float score) {
  return n->logits ? 1 / (1 + exp(-(double)score)) : score;
}

/// A bound on raw scores that is certainly no higher than the threshold on activated ones.
static float raw_threshold(const apus_efficient_nms *n) {
  const double t = n->score_threshold;
  if (!n->logits) return n->score_threshold;
  if (t <= 0) return -INFINITY;
  if (t >= 1) return INFINITY;
  const double logit = log(t / (1 - t));
  return (float)(logit - 1e-5 * (1 + fabs(logit)));
}

static void nms_task(void *context, ptrdiff_t image, int32_t thread) {
  const nms_job *job = context;
  const apus_efficient_nms *n = job->nms;
  char *memory = job->workspace + thread_bytes(n) * (size_t)thread;
  uint64_t *keys = (uint64_t *)memory;
  kept_boxes kept = kept_boxes_at(memory + 8 * candidates_room(candidates_at_once), n->most);
  int32_t *of_class = (int32_t *)(memory + 8 * candidates_room(candidates_at_once) + kept_boxes_bytes(n->most));
  memset(of_class, 0, 4 * (size_t)n->classes);
  const ptrdiff_t count = n->places * n->classes;
  candidate_query query = {
      .scores = job->scores + image * count, .count = count, .threshold = raw_threshold(n),
      .classes = n->classes, .skipped = n->background};
  const overlap_rule rule = {
      .threshold = n->iou_threshold, .inclusive = true, .across_classes = n->class_agnostic};
  float *boxes = job->out_boxes + image * n->most * 4, *scores = job->out_scores + image * n->most;
  int32_t *classes = job->out_classes + image * n->most;
  ptrdiff_t found;
  do {
    found = candidates_select(&query, candidates_at_once, keys);
    for (ptrdiff_t i = 0; i < found && kept.count < n->most; ++i) {
      const ptrdiff_t index = candidate_index(keys[i]), label = index % n->classes;
      const double score = activated(n, query.scores[index]);
      if (!(score > n->score_threshold)) continue;
      if (of_class[label] >= n->most_of_class) continue;
      const box_f32 box = decoded(job, image, index / n->classes, label);
      const ptrdiff_t place = kept.count;
      if (!kept_boxes_add(&kept, &rule, ordered(box), (int32_t)label)) continue;
      ++of_class[label];
      scores[place] = (float)score;
      classes[place] = (int32_t)label;
      memcpy(boxes + 4 * place, &box, sizeof box);
    }
    if (found > 0) query.after = keys[found - 1];
    query.continues = true;
  } while (found == candidates_at_once && kept.count < n->most);
  if (n->clamp) {
    for (ptrdiff_t i = 0; i < 4 * kept.count; ++i) boxes[i] = fminf(fmaxf(boxes[i], 0), 1);
  }
  const size_t rest = (size_t)(n->most - kept.count) * 4;
  memset(scores + kept.count, 0, rest);
  memset(classes + kept.count, 0, rest);
  memset(boxes + 4 * kept.count, 0, 4 * rest);
  job->out_counts[image] = (int32_t)kept.count;
}

void apus_efficient_nms_run(
    const apus_efficient_nms *nms, const float *boxes, const float *scores, const float *anchors,
    int32_t *out_counts, float *out_boxes, float *out_scores, int32_t *out_classes, void *workspace,
    apus_pool *pool) {
  nms_job job = {nms, boxes, scores, anchors, out_counts, out_boxes, out_scores, out_classes, workspace};
  apus_pool_run(pool, nms->batch, nms_task, &job);
}
