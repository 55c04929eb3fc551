// Candidates of detection: which scores are some, in what order, and the choice of the best.
//
// A picture's scores lie in SEGMENTS tensors (levels of a pyramid). A candidate is a score above THRESHOLD; its key puts the
// highest score first and equal ones by their place in the reference's order. Keys differ, so any choice is deterministic,
// whatever order threads came in.
//
// Prologue: SEGMENTS, ELEMENTS {of a picture's segments}, OFFSETS {of segments among a picture's places}, INNERS and OUTERS
// {element e of a segment is place e % INNER * OUTER + e / INNER of the reference's order}, SCORE_TYPE, CLASSES, BACKGROUND
// (class that is no object; -1), SIGMOID (scores are logits), RAW_ORDER (ordered by logits), RAW_THRESHOLD (no higher than
// THRESHOLD before the sigmoid), THRESHOLD, EVERY (all scores are candidates; what is no number comes last), BIN_LOW, BIN_SHIFT (of the histogram), CAPACITY (keys a list holds), TARGET
// (keys that are wanted of a segment).
#pragma once

constexpr int BINS = 4096, STATE = BINS + 4;
// Words of a segment's state, which is zero between runs; BINS counters follow.
constexpr int LISTED = 0, REFINED = 1, COUNTERS = 4;

__constant__ u32 elements[SEGMENTS] = ELEMENTS;
__constant__ u32 offsets[SEGMENTS] = OFFSETS;
__constant__ u32 inners[SEGMENTS] = INNERS;
__constant__ u32 outers[SEGMENTS] = OUTERS;

/// Orders floats as unsigned numbers; -0 is 0.
__device__ inline u32 ordered(float x) {
  const u32 bits = __float_as_uint(x + 0.0f);
  return bits ^ ((u32)((int)bits >> 31) | 0x80000000u);
}
__device__ inline float unordered(u32 key) { return __uint_as_float(key ^ (~(u32)((int)key >> 31) | 0x80000000u)); }

__device__ inline float activated(float x) { return SIGMOID ? 1.0f / (1.0f + expf(-x)) : x; }

/// Key of a score of a segment, and its bin in the histogram; 0 for what is no candidate.
__device__ inline u64 keyOf(float x, int segment, u32 element, u32 &bin) {
  if (EVERY && x != x) x = __uint_as_float(0xff800000u);
  if (!EVERY && !(x > RAW_THRESHOLD)) return 0;
  if (BACKGROUND >= 0 && (int)(element % CLASSES) == BACKGROUND) return 0;
  const float score = activated(x);
  if (!EVERY && !(score > THRESHOLD)) return 0;
  const u32 order = ordered(score);
  bin = order < BIN_LOW ? 0 : min((order - BIN_LOW) >> BIN_SHIFT, (u32)BINS - 1);
  const u32 place = offsets[segment] + element % inners[segment] * outers[segment] + element / inners[segment];
  return (u64)(RAW_ORDER ? ordered(x) : order) << 32 | (0xffffffffu - place);
}

/// Place of a key in the reference's order.
__device__ inline u32 placeOf(u64 key) { return 0xffffffffu - (u32)key; }
/// Score that a key was made of.
__device__ inline float scoreOf(u64 key) { return unordered((u32)(key >> 32)); }
/// Segment of a place, which becomes the place within the segment.
__device__ inline int segmentOf(u32 &place) {
  int segment = 0;
  while (segment + 1 < SEGMENTS && place >= offsets[segment + 1]) segment++;
  place -= offsets[segment];
  return segment;
}

/// What belongs to a segment. Chosen without an index, which would put the pointers into memory.
template <class T> __device__ inline T ofSegment(T const *all, int segment) {
  T found = all[0];
#pragma unroll
  for (int s = 1; s < SEGMENTS; s++)
    if (segment == s) found = all[s];
  return found;
}

/// Appends to a list in memory or shared memory; the threads that are here share one addition. Position, perhaps too far.
__device__ inline u32 appended(u32 *count) {
  const u32 here = __activemask(), before = here & ((1u << threadIdx.x % 32) - 1);
  u32 base = 0;
  if (before == 0) base = atomicAdd(count, (u32)__popc(here));
  return __shfl_sync(here, base, __ffs(here) - 1) + __popc(before);
}

/// Sum over threads behind this one, of N in all; `warps` has N / 32 words.
template <int N> __device__ inline u32 sumBehind(u32 x, u32 *warps) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  u32 sum = x;
#pragma unroll
  for (int i = 1; i < 32; i *= 2) {
    const u32 y = __shfl_down_sync(0xffffffffu, sum, i);
    if (lane + i < 32) sum += y;
  }
  __syncthreads();
  if (lane == 0) warps[warp] = sum;
  __syncthreads();
  sum -= x;
  for (int w = warp + 1; w < N / 32; w++) sum += warps[w];
  return sum;
}
