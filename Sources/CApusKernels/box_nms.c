#include <math.h>

#include "include/apus_detection.h"
#include "internal/candidates.h"
#include "internal/levels.h"

typedef struct corners_f64 {
  double x1, y1, x2, y2, area;
} corners_f64;

typedef struct nms_job {
  const apus_box_nms *nms;
  const float *boxes, *scores;
  const double *labels;
  int32_t *chosen;
  ptrdiff_t *counts;
  char *workspace;
} nms_job;

static ptrdiff_t chosen_of_group(const apus_box_nms *n) { return apus_min(n->most, n->places); }
static size_t keys_bytes(const apus_box_nms *n) { return (size_t)apus_round_up(8 * n->places, 64); }
static size_t thread_bytes(const apus_box_nms *n) {
  return keys_bytes(n) + (size_t)apus_round_up((ptrdiff_t)sizeof(corners_f64) * chosen_of_group(n), 64);
}

size_t apus_box_nms_workspace_bytes(const apus_box_nms *n, int32_t threads) {
  return thread_bytes(n) * (size_t)apus_max(1, threads);
}

static corners_f64 corners_of(const apus_box_nms *n, const float *b) {
  corners_f64 box = {b[0], b[1], b[2], b[3], 0};
  if (n->coding == APUS_BOX_MIDDLES) {
    const double width = b[2], height = b[3];
    box = (corners_f64){b[0] - width / 2, b[1] - height / 2, b[0] + width / 2, b[1] + height / 2, 0};
  } else if (n->coding == APUS_BOX_ANY_CORNERS) {
    box = (corners_f64){fmin(b[0], b[2]), fmin(b[1], b[3]), fmax(b[0], b[2]), fmax(b[1], b[3]), 0};
  }
  box.area = fmax(box.x2 - box.x1, 0) * fmax(box.y2 - box.y1, 0);
  return box;
}

static bool overlaps(const apus_box_nms *n, const corners_f64 *a, const corners_f64 *b) {
  const double width = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
  const double height = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
  if (!(width > 0) || !(height > 0)) return false;
  const double shared = width * height, all = a->area + b->area - shared;
  return all > 0 && shared / all > n->overlap;
}

static void nms_task(void *context, ptrdiff_t group, int32_t thread) {
  const nms_job *job = context;
  const apus_box_nms *n = job->nms;
  char *memory = job->workspace + thread_bytes(n) * (size_t)thread;
  uint64_t *keys = (uint64_t *)memory;
  corners_f64 *kept = (corners_f64 *)(memory + keys_bytes(n));
  const float *boxes = job->boxes + group / n->classes * n->places * 4, *scores = job->scores + group * n->places;
  int32_t *chosen = job->chosen + group * chosen_of_group(n);
  ptrdiff_t found = 0, count = 0;
  for (ptrdiff_t i = 0; i < n->places; ++i) {
    // What is no number comes behind all numbers.
    const float score = scores[i] == scores[i] ? scores[i] : -INFINITY;
    if (score > n->score_threshold || n->score_threshold == -INFINITY) {
      keys[found++] = candidate_key(score, (uint32_t)i);
    }
  }
  found = candidates_order(keys, found, found);
  for (ptrdiff_t k = 0; k < found && count < chosen_of_group(n); ++k) {
    const int32_t place = (int32_t)candidate_index(keys[k]);
    const corners_f64 box = corners_of(n, boxes + 4 * place);
    bool free = true;
    for (ptrdiff_t j = 0; j < count && free; ++j) {
      free = (job->labels && job->labels[chosen[j]] != job->labels[place]) || !overlaps(n, kept + j, &box);
    }
    if (!free) continue;
    kept[count] = box;
    chosen[count++] = place;
  }
  job->counts[group] = count;
}

void apus_box_nms_run(
    const apus_box_nms *nms, const float *boxes, const float *scores, const double *labels, int32_t *chosen,
    ptrdiff_t *counts, void *workspace, apus_pool *pool) {
  nms_job job = {nms, boxes, scores, labels, chosen, counts, workspace};
  apus_pool_run(pool, nms->groups, nms_task, &job);
}
