#include "internal/candidates.h"

#include "internal/levels.h"

/// Moves the `most` smallest keys to the front (Hoare's selection; keys are distinct).
static void partition_smallest(uint64_t *keys, ptrdiff_t count, ptrdiff_t most) {
  ptrdiff_t low = 0, high = count - 1;
  while (low < high) {
    const uint64_t pivot = keys[low + (high - low) / 2];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (keys[i] < pivot) ++i;
      while (keys[j] > pivot) --j;
      if (i <= j) {
        const uint64_t swapped = keys[i];
        keys[i++] = keys[j];
        keys[j--] = swapped;
      }
    }
    if (most - 1 <= j) {
      high = j;
    } else if (most - 1 >= i) {
      low = i;
    } else {
      return;
    }
  }
}

static void sift_down(uint64_t *keys, ptrdiff_t root, ptrdiff_t count) {
  for (ptrdiff_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && keys[child] < keys[child + 1]) ++child;
    if (keys[root] >= keys[child]) return;
    const uint64_t swapped = keys[root];
    keys[root] = keys[child];
    keys[child] = swapped;
  }
}

static void heap_sort(uint64_t *keys, ptrdiff_t count) {
  for (ptrdiff_t root = count / 2 - 1; root >= 0; --root) sift_down(keys, root, count);
  for (ptrdiff_t end = count - 1; end > 0; --end) {
    const uint64_t swapped = keys[0];
    keys[0] = keys[end];
    keys[end] = swapped;
    sift_down(keys, 0, end);
  }
}

ptrdiff_t candidates_order(uint64_t *keys, ptrdiff_t count, ptrdiff_t most) {
  if (count > most) {
    partition_smallest(keys, count, most);
    count = most;
  }
  heap_sort(keys, count);
  return count;
}

size_t candidates_room(ptrdiff_t most) { return (size_t)(most < 2048 ? 4096 : 2 * most); }

ptrdiff_t candidates_select(const candidate_query *q, ptrdiff_t most, uint64_t *keys) {
  const ptrdiff_t room = (ptrdiff_t)candidates_room(most);
  ptrdiff_t found = 0;
  float threshold = q->threshold;
  // Most scores lie below the threshold: blocks are tested as a whole before their elements are looked at.
  enum { block = 64 };
  for (ptrdiff_t start = 0; start < q->count; start += block) {
    const ptrdiff_t end = start + block < q->count ? start + block : q->count;
    int any = 0;
    for (ptrdiff_t i = start; i < end; ++i) any |= q->scores[i] > threshold;
    if (!any) continue;
    for (ptrdiff_t i = start; i < end; ++i) {
      if (!(q->scores[i] > threshold)) continue;
      if (q->skipped >= 0 && i % q->classes == q->skipped) continue;
      const uint64_t key = candidate_key(q->scores[i], (uint32_t)i);
      if (q->continues && key <= q->after) continue;
      if (found == room) {
        partition_smallest(keys, found, most);
        found = most;
        uint64_t last = keys[0];
        for (ptrdiff_t k = 1; k < most; ++k) last = keys[k] > last ? keys[k] : last;
        // A later candidate of the same score comes behind all of these.
        threshold = candidate_score(last);
        if (!(q->scores[i] > threshold)) continue;
      }
      keys[found++] = key;
    }
  }
  return candidates_order(keys, found, most);
}

size_t kept_boxes_bytes(ptrdiff_t most) { return (size_t)apus_round_up(6 * 4 * most, 64); }

kept_boxes kept_boxes_at(void *memory, ptrdiff_t most) {
  float *base = memory;
  return (kept_boxes){
      .x1 = base, .y1 = base + most, .x2 = base + 2 * most, .y2 = base + 3 * most, .area = base + 4 * most,
      .label = (int32_t *)(base + 5 * most)};
}

static float positive(float value) { return value > 0 ? value : 0; }

bool kept_boxes_add(kept_boxes *kept, const overlap_rule *rule, box_f32 box, int32_t label) {
  const float extra = rule->extra, threshold = rule->threshold;
  const float area = positive(box.x2 - box.x1 + extra) * positive(box.y2 - box.y1 + extra);
  const int any_label = rule->across_classes, inclusive = rule->inclusive;
  int covered = 0;
  for (ptrdiff_t i = 0; i < kept->count; ++i) {
    const float x1 = box.x1 > kept->x1[i] ? box.x1 : kept->x1[i];
    const float y1 = box.y1 > kept->y1[i] ? box.y1 : kept->y1[i];
    const float x2 = box.x2 < kept->x2[i] ? box.x2 : kept->x2[i];
    const float y2 = box.y2 < kept->y2[i] ? box.y2 : kept->y2[i];
    const float shared = positive(x2 - x1 + extra) * positive(y2 - y1 + extra);
    const float all = area + kept->area[i] - shared;
    const float overlap = shared / all;
    covered |= ((overlap > threshold) | (inclusive & (overlap == threshold))) & (shared > 0) & (all > 0) &
        (any_label | (kept->label[i] == label));
  }
  if (covered) return false;
  const ptrdiff_t place = kept->count++;
  kept->x1[place] = box.x1;
  kept->y1[place] = box.y1;
  kept->x2[place] = box.x2;
  kept->y2[place] = box.y2;
  kept->area[place] = area;
  kept->label[place] = label;
  return true;
}
