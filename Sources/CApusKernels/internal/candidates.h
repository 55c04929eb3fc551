#ifndef APUS_CANDIDATES_H
#define APUS_CANDIDATES_H
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// A candidate's place in the order "highest score first, then lowest index", as a number: smaller comes first.
static inline uint64_t candidate_key(float score, uint32_t index) {
  uint32_t bits;
  score += 0.0f;  // -0 and 0 are equal scores
  memcpy(&bits, &score, 4);
  const uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return (uint64_t)~ascending << 32 | index;
}

static inline uint32_t candidate_index(uint64_t key) { return (uint32_t)key; }

static inline float candidate_score(uint64_t key) {
  const uint32_t ascending = ~(uint32_t)(key >> 32);
  const uint32_t bits = ascending >> 31 ? ascending & 0x7fffffffu : ~ascending;
  float score;
  memcpy(&score, &bits, 4);
  return score;
}

/// What is chosen from one picture's scores.
typedef struct candidate_query {
  const float *scores;
  ptrdiff_t count;
  /// Scores must exceed it.
  float threshold;
  /// Class `skipped` of `classes` neighbouring scores is left out; -1 for none.
  ptrdiff_t classes, skipped;
  /// Only candidates behind this key; used when `continues`.
  uint64_t after;
  bool continues;
} candidate_query;

/// Keys that `candidates_select` needs room for.
size_t candidates_room(ptrdiff_t most);

/// The first `most` candidates in order; returns how many there are.
ptrdiff_t candidates_select(const candidate_query *query, ptrdiff_t most, uint64_t *keys);

/// Puts the first `most` keys in order; returns how many there are.
ptrdiff_t candidates_order(uint64_t *keys, ptrdiff_t count, ptrdiff_t most);

/// Boxes kept so far, as arrays of their corners.
typedef struct kept_boxes {
  float *x1, *y1, *x2, *y2, *area;
  int32_t *label;
  ptrdiff_t count;
} kept_boxes;

/// Bytes for `most` boxes.
size_t kept_boxes_bytes(ptrdiff_t most);
kept_boxes kept_boxes_at(void *memory, ptrdiff_t most);

typedef struct box_f32 {
  float x1, y1, x2, y2;
} box_f32;

typedef struct overlap_rule {
  float threshold;
  /// Whether an overlap of exactly the threshold is too much.
  bool inclusive;
  float extra;
  bool across_classes;
} overlap_rule;

/// Adds a box unless a kept one overlaps it too much; returns whether it was added.
bool kept_boxes_add(kept_boxes *kept, const overlap_rule *rule, box_f32 box, int32_t label);
#endif
