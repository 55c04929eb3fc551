#ifndef APUS_DETECTION_H
#define APUS_DETECTION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_pool.h"

/// Decoding of one pyramid level of a RetinaNet. All tensors are FP32, dense and row-major.
typedef struct apus_retinanet_decode {
  ptrdiff_t batch, anchors, classes, height, width;
  /// Candidates of a picture that are kept.
  ptrdiff_t most;
  float threshold;
  ptrdiff_t stride_y, stride_x;
  /// Largest x and y of a box.
  float limit_x, limit_y;
  /// 1 where corners are centres of pixels, else 0.
  float extra;
  /// Upper bound of size deltas; INFINITY for none.
  float clip;
} apus_retinanet_decode;

/// Bytes of workspace (align to 64) with at most `threads` threads.
size_t apus_retinanet_decode_workspace_bytes(const apus_retinanet_decode *decode, int32_t threads);

/// Writes every element of `out_scores` [batch, most], `out_boxes` [batch, most, 4] and `out_classes`
/// [batch, most] (class numbers as floats). Scores exceed the threshold and come highest first, equal ones by
/// their position; what is left over is zero. NaN is no score.
/// - `scores`: [batch, anchors * classes, height, width]; `deltas`: [batch, anchors * 4, height, width].
/// - `anchors`: four corners each, around the origin.
void apus_retinanet_decode_run(
    const apus_retinanet_decode *decode, const float *scores, const float *deltas, const float *anchors,
    float *out_scores, float *out_boxes, float *out_classes, void *workspace, apus_pool *pool);

/// Greedy suppression of candidates with classes of their own.
typedef struct apus_retinanet_nms {
  ptrdiff_t batch, candidates;
  /// Boxes of a picture that are kept.
  ptrdiff_t most;
  /// Overlap that must not be exceeded.
  float threshold;
  /// 1 where corners are centres of pixels, else 0.
  float extra;
} apus_retinanet_nms;

size_t apus_retinanet_nms_workspace_bytes(const apus_retinanet_nms *nms, int32_t threads);

/// Candidates are those with a positive score. Writes every element of the outputs, zero after the last box;
/// `out_counts` [batch] may be NULL.
void apus_retinanet_nms_run(
    const apus_retinanet_nms *nms, const float *scores, const float *boxes, const float *classes,
    float *out_scores, float *out_boxes, float *out_classes, int32_t *out_counts, void *workspace,
    apus_pool *pool);

/// Filter, box decoding and suppression for all classes of a place.
typedef struct apus_efficient_nms {
  ptrdiff_t batch, places, classes;
  /// Boxes of a place: 1 or `classes`.
  ptrdiff_t boxes_per_place;
  /// Whether all pictures share their anchors.
  bool shared_anchors;
  /// Boxes of a picture, and of a class of it, that are kept.
  ptrdiff_t most, most_of_class;
  float score_threshold, iou_threshold;
  /// Class that is no object; -1 for none.
  ptrdiff_t background;
  /// Scores are logits.
  bool logits;
  bool class_agnostic;
  /// Boxes and anchors are middle and size instead of corners.
  bool centers;
  /// Results are clamped to 0...1.
  bool clamp;
} apus_efficient_nms;

size_t apus_efficient_nms_workspace_bytes(const apus_efficient_nms *nms, int32_t threads);

/// Scores must exceed the threshold; an overlap of the threshold or more suppresses. Writes every element of
/// the outputs, zero after the last box.
/// - `anchors`: NULL where boxes are final.
void apus_efficient_nms_run(
    const apus_efficient_nms *nms, const float *boxes, const float *scores, const float *anchors,
    int32_t *out_counts, float *out_boxes, float *out_scores, int32_t *out_classes, void *workspace,
    apus_pool *pool);

/// Suppression class by class, then the best of a picture.
typedef struct apus_batched_nms {
  ptrdiff_t batch, places, classes;
  /// Boxes of a place: 1 or `classes`.
  ptrdiff_t boxes_per_place;
  /// Candidates of a class that take part, and boxes of a picture that are kept.
  ptrdiff_t most_candidates, most;
  float score_threshold, iou_threshold;
  /// Class that is no object; -1 for none.
  ptrdiff_t background;
  /// 1 where corners are centres of pixels, else 0.
  float extra;
  /// Results are clamped to 0...1.
  bool clamp;
} apus_batched_nms;

size_t apus_batched_nms_workspace_bytes(const apus_batched_nms *nms, int32_t threads);

/// Scores and overlaps must exceed their thresholds. Writes every element of the outputs; after the last box boxes and
/// scores are 0 and classes -1.
void apus_batched_nms_run(
    const apus_batched_nms *nms, const float *boxes, const float *scores, int32_t *out_counts, float *out_boxes,
    float *out_scores, float *out_classes, void *workspace, apus_pool *pool);

/// How four numbers are a box.
typedef enum apus_box_coding {
  /// Lower corner, upper corner.
  APUS_BOX_CORNERS,
  /// Two opposite corners.
  APUS_BOX_ANY_CORNERS,
  /// Middle, then width and height.
  APUS_BOX_MIDDLES
} apus_box_coding;

/// Suppression that gives the places of boxes, computed in double precision.
typedef struct apus_box_nms {
  /// Groups of boxes that suppress each other; `classes` groups of a picture share its boxes.
  ptrdiff_t groups, classes, places;
  /// Boxes of a group that are kept.
  ptrdiff_t most;
  apus_box_coding coding;
  /// Overlap that must not be exceeded.
  double overlap;
  /// Score that must be exceeded; -INFINITY: all boxes take part.
  float score_threshold;
} apus_box_nms;

size_t apus_box_nms_workspace_bytes(const apus_box_nms *nms, int32_t threads);

/// Writes how many boxes of each group are kept, and their places, `min(most, places)` for each group.
/// - `labels`: boxes of different labels do not suppress each other; NULL: all do.
void apus_box_nms_run(
    const apus_box_nms *nms, const float *boxes, const float *scores, const double *labels, int32_t *chosen,
    ptrdiff_t *counts, void *workspace, apus_pool *pool);
#endif
