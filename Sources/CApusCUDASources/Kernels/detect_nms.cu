// Last step of detection: suppresses boxes that overlap better ones, a picture a block. The best candidates are chosen and
// sorted a round at a time; WINDOW of them at once are held against the boxes kept so far and, through a matrix of bits,
// against each other. It ends with the last candidate, or as soon as MOST boxes are kept.
//
// Prologue: that of detect_choose.cuh; KIND; IOU, INCLUSIVE (an overlap of IOU suppresses), EXTRA (1: corners are centres of
// pixels), ANY_CORNERS (in any order), AGNOSTIC (across classes), MOST, CLASS_MOST (kept of a class; -1: any), CLASS_FIRST
// (candidates of a class that take part; -1: all), CENTERS, HAS_ANCHORS, SHARED_ANCHORS, BOXES (of a place: 1 or CLASSES),
// CLAMP (results to 0...1), NO_CLASS (class behind the last), BOX_TYPE, OUT_TYPE, CLASS_TYPE (of the classes' output; I32 too).
// RETINANET_LEVELS: that of detect_retinanet.cuh, lists hold all candidates, deltas0... are the levels'. Otherwise deltas0
// are boxes; deltas1 labels (RETINANET_NMS) or anchors. grid pictures, block THREADS, dynamic shared memory
// SHARED_BYTES: a Memory.
#include "common.cuh"
#include "detect.cuh"
#include "detect_choose.cuh"

#define RETINANET_NMS 0
#define RETINANET_LEVELS 1
#define PLACES 2

#if KIND == RETINANET_LEVELS
#include "detect_retinanet.cuh"
#endif

/// 32-bit integers as an output's elements.
struct I32 {
  typedef int Store;
  static __device__ Store store(float x) { return (int)x; }
};

typedef SCORE_TYPE::Store Score;
typedef BOX_TYPE::Store Corner;
constexpr int WINDOW = 128, PARTS = THREADS / WINDOW, WORDS = WINDOW / 32;
constexpr int SEEN = CLASS_FIRST >= 0 ? CLASSES : 1;

struct Memory {
  Choice choice;
  float4 boxes[SORT], kept[MOST];
  u32 labels[SORT], keptLabels[MOST];
  float keptScores[MOST];
  /// Candidates that each candidate of the window suppresses.
  u32 suppressed[WINDOW][WORDS];
  u32 rank[WINDOW], seen[SEEN];
  /// Places in the window that were kept.
  u32 fresh[WINDOW];
  u32 dead[WORDS], keptCount, counts[SEGMENTS];
};

static_assert(sizeof(Memory) <= SHARED_BYTES, "the host asks for too little shared memory");

__device__ inline float4 inOrder(float4 b) {
  return ANY_CORNERS ? make_float4(fminf(b.x, b.z), fminf(b.y, b.w), fmaxf(b.x, b.z), fmaxf(b.y, b.w)) : b;
}

/// Whether two boxes overlap too much. What is close to the limit is decided in double precision.
__device__ inline bool overlaps(float4 a, float4 b) {
  a = inOrder(a);
  b = inOrder(b);
  const float width = fminf(a.z, b.z) - fmaxf(a.x, b.x) + EXTRA, height = fminf(a.w, b.w) - fmaxf(a.y, b.y) + EXTRA;
  const bool isNone = INCLUSIVE ? 0.0f >= IOU : 0.0f > IOU;
  if (!(width > 0.0f && height > 0.0f)) return isNone;
  const float shared = width * height;
  const float all = fmaxf(a.z - a.x + EXTRA, 0.0f) * fmaxf(a.w - a.y + EXTRA, 0.0f) +
                    fmaxf(b.z - b.x + EXTRA, 0.0f) * fmaxf(b.w - b.y + EXTRA, 0.0f) - shared;
  const float limit = all * IOU, margin = 1e-5f * (all + shared);
  if (shared > limit + margin) return true;
  if (shared < limit - margin) return false;
  const double w = fmin((double)a.z, (double)b.z) - fmax((double)a.x, (double)b.x) + EXTRA;
  const double h = fmin((double)a.w, (double)b.w) - fmax((double)a.y, (double)b.y) + EXTRA;
  const double first = ((double)a.z - a.x + EXTRA) * ((double)a.w - a.y + EXTRA);
  const double second = ((double)b.z - b.x + EXTRA) * ((double)b.w - b.y + EXTRA);
  const double both = w * h, either = first + second - both;
  if (!(both > 0 && either > 0)) return isNone;
  const double overlap = both / either;
  return INCLUSIVE ? overlap >= (double)IOU : overlap > (double)IOU;
}

__device__ inline float4 loadCorners(const Corner *p) {
  return make_float4(BOX_TYPE::load(p[0]), BOX_TYPE::load(p[1]), BOX_TYPE::load(p[2]), BOX_TYPE::load(p[3]));
}

/// Box and label of a candidate by its place in the reference's order.
__device__ inline float4 boxOf(const Corner *const *deltas, const float4 *anchors, int picture, u32 place, u32 &label) {
#if KIND == RETINANET_LEVELS
  const int level = segmentOf(place);
  return decodeRetinaNet(deltas[level], anchors, picture, level, place, label);
#else
  const u32 count = elements[0];
  if (KIND == RETINANET_NMS) {
    label = __float_as_uint(BOX_TYPE::load(deltas[1][(u64)picture * count + place]));
    return loadCorners(deltas[0] + ((u64)picture * count + place) * 4);
  }
  const u32 places = count / CLASSES, element = place % outers[0] * inners[0] + place / outers[0], at = element / CLASSES;
  label = element % CLASSES;
  float4 box = loadCorners(deltas[0] + (((u64)picture * places + at) * BOXES + (BOXES == 1 ? 0 : label)) * 4);
  if (HAS_ANCHORS) {
    float4 anchor = loadCorners(deltas[1] + ((SHARED_ANCHORS ? 0 : (u64)picture * places) + at) * 4);
    if (CENTERS) {
      box = make_float4(box.x * anchor.z + anchor.x, box.y * anchor.w + anchor.y, expf(box.z) * anchor.z, expf(box.w) * anchor.w);
    } else {
      box = inOrder(box);
      anchor = inOrder(anchor);
      box = make_float4(box.x + anchor.x, box.y + anchor.y, box.z + anchor.z, box.w + anchor.w);
    }
  }
  if (!CENTERS) return box;
  const float width = box.z * 0.5f, height = box.w * 0.5f;
  return make_float4(box.x - width, box.y - height, box.x + width, box.y + height);
#endif
}

/// Marks which candidates of a window are suppressed by kept boxes, and which would suppress which.
__device__ void compareWindow(Memory &m, int start, int size, int kept) {
  const int at = threadIdx.x % WINDOW, part = threadIdx.x / WINDOW;
  const bool isThere = at < size;
  const float4 box = m.boxes[start + at];
  const u32 label = m.labels[start + at];
  bool isDead = false;
  for (int k = part; k < kept && !isDead; k += PARTS)
    isDead = isThere && (AGNOSTIC || m.keptLabels[k] == label) && overlaps(m.kept[k], box);
  if (isDead) atomicOr(m.dead + at / 32, 1u << at % 32);
  u32 rank = 0;
  for (int i = part; i < size; i += PARTS) {
    const bool isBehind = isThere && at > i, isSame = m.labels[start + i] == label;
    if (CLASS_FIRST >= 0) rank += isBehind && isSame;
    const u32 bits = __ballot_sync(0xffffffffu, isBehind && (AGNOSTIC || isSame) && overlaps(m.boxes[start + i], box));
    if (at % 32 == 0) m.suppressed[i][at / 32] = bits;
  }
  if (CLASS_FIRST >= 0 && rank > 0) atomicAdd(m.rank + at, rank);
}

/// Keeps what is left of a window, in order, by the first warp.
__device__ void keepWindow(Memory &m, int start, int size) {
  const int lane = threadIdx.x;
  u32 alive[WORDS];
#pragma unroll
  for (int w = 0; w < WORDS; w++) {
    bool isAlive = w * 32 + lane < size;
    if (CLASS_FIRST >= 0 && isAlive) isAlive = (int)(m.seen[m.labels[start + w * 32 + lane]] + m.rank[w * 32 + lane]) < CLASS_FIRST;
    alive[w] = __ballot_sync(0xffffffffu, isAlive) & ~m.dead[w];
  }
  u32 kept = m.keptCount, fresh = 0;
#pragma unroll
  for (int w = 0; w < WORDS; w++) {
    while (alive[w] != 0 && kept < MOST) {
      const int at = w * 32 + __ffs(alive[w]) - 1;
      alive[w] &= alive[w] - 1;
      if (CLASS_MOST >= 0) {
        const u32 label = m.labels[start + at];
        u32 same = 0;
        for (u32 k = lane; k < kept; k += 32) same += m.keptLabels[k] == label;
        if ((int)(u32)__reduce_add_sync(0xffffffffu, same) >= CLASS_MOST) continue;
        if (lane == 0) m.keptLabels[kept] = label;
        __syncwarp();
      }
#pragma unroll
      for (int v = w; v < WORDS; v++) alive[v] &= ~m.suppressed[at][v];
      if (lane == 0) m.fresh[fresh] = at;
      fresh++;
      kept++;
    }
  }
  __syncwarp();
  for (u32 i = lane; i < fresh; i += 32) {
    const u32 from = start + m.fresh[i], to = kept - fresh + i;
    m.kept[to] = m.boxes[from];
    m.keptLabels[to] = m.labels[from];
    m.keptScores[to] = scoreOf(m.choice.keys[from]);
  }
  if (CLASS_FIRST >= 0)
    for (int i = lane; i < size; i += 32) atomicAdd(m.seen + m.labels[start + i], 1u);
  if (lane == 0) m.keptCount = kept;
}

/// Suppresses among `count` sorted candidates.
__device__ void suppress(Memory &m, int count) {
  for (int start = 0; start < count; start += WINDOW) {
    const int size = min(WINDOW, count - start);
    // By the warp that read them last.
    if (threadIdx.x < WORDS) m.dead[threadIdx.x] = 0;
    if (threadIdx.x < 32)
      for (int i = threadIdx.x; i < WINDOW; i += 32) m.rank[i] = 0;
    __syncthreads();
    const int kept = m.keptCount;
    if (kept == MOST) return;
    compareWindow(m, start, size, kept);
    __syncthreads();
    if (threadIdx.x < 32) keepWindow(m, start, size);
  }
  __syncthreads();
}

template <class Out> __device__ void writeResults(const Memory &m, int picture, int *counts, typename OUT_TYPE::Store *boxes,
                                                  typename OUT_TYPE::Store *scores, typename Out::Store *classes) {
  const int kept = m.keptCount;
  if (threadIdx.x == 0 && counts) counts[picture] = kept;
  for (int i = threadIdx.x; i < MOST; i += THREADS) {
    const bool isThere = i < kept;
    float4 box = isThere ? m.kept[i] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (CLAMP)
      box = make_float4(fminf(fmaxf(box.x, 0.0f), 1.0f), fminf(fmaxf(box.y, 0.0f), 1.0f), fminf(fmaxf(box.z, 0.0f), 1.0f),
                        fminf(fmaxf(box.w, 0.0f), 1.0f));
    const float score = isThere ? (RAW_ORDER ? activated(m.keptScores[i]) : m.keptScores[i]) : 0.0f;
    const float label = KIND == RETINANET_NMS ? __uint_as_float(m.keptLabels[i]) : (float)m.keptLabels[i];
    const u64 at = (u64)picture * MOST + i;
    boxes[4 * at] = OUT_TYPE::store(box.x);
    boxes[4 * at + 1] = OUT_TYPE::store(box.y);
    boxes[4 * at + 2] = OUT_TYPE::store(box.z);
    boxes[4 * at + 3] = OUT_TYPE::store(box.w);
    scores[at] = OUT_TYPE::store(score);
    classes[at] = Out::store(isThere ? label : NO_CLASS);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    detect_nms(const Score *__restrict__ scores, const Corner *__restrict__ deltas0, const Corner *__restrict__ deltas1,
               const Corner *__restrict__ deltas2, const Corner *__restrict__ deltas3, const Corner *__restrict__ deltas4,
               const Corner *__restrict__ deltas5, const Corner *__restrict__ deltas6, const Corner *__restrict__ deltas7,
               const float4 *__restrict__ anchors, const u64 *__restrict__ lists, u32 *__restrict__ state,
               int *__restrict__ outCounts, OUT_TYPE::Store *__restrict__ outBoxes, OUT_TYPE::Store *__restrict__ outScores,
               CLASS_TYPE::Store *__restrict__ outClasses) {
  extern __shared__ __align__(16) unsigned char shared[];
  Memory &m = *(Memory *)shared;
  __shared__ bool isWhole, isUsable;
  allowSuccessor();
  const int picture = blockIdx.x;
  const Corner *deltas[] = {deltas0, deltas1, deltas2, deltas3, deltas4, deltas5, deltas6, deltas7};
  if (threadIdx.x == 0) m.keptCount = 0;
  for (int i = threadIdx.x; i < SEEN; i += THREADS) m.seen[i] = 0;
  waitForPredecessor();
  state += picture * SEGMENTS * STATE;
  if (threadIdx.x < SEGMENTS) {
    const u32 listed = state[threadIdx.x * STATE + LISTED], refined = state[threadIdx.x * STATE + REFINED];
    m.counts[threadIdx.x] = min(listed <= CAPACITY ? listed : refined, (u32)CAPACITY);
    if (threadIdx.x == 0) {
      isWhole = listed <= CAPACITY || KIND == RETINANET_LEVELS;
      isUsable = isWhole || refined <= CAPACITY;
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < SEGMENTS * STATE; i += THREADS) state[i] = 0;
  const Lists listed{lists + (u64)picture * SEGMENTS * CAPACITY, SEGMENTS, m.counts};
  const Scores all{scores + (u64)picture * elements[0], 0};
  const u32 bound = listed.bound();
  bool fromLists = isUsable;
  u64 below = ~0ull;
  u32 seen = 0;
  while (m.keptCount < MOST) {
    const int count = fromLists ? choose(listed, below, SORT / 4, m.choice) : choose(all, below, SORT / 4, m.choice);
    if (count == 0 && fromLists && !isWhole) {
      fromLists = false;
      continue;
    }
    if (count == 0) break;
    sortChosen(m.choice, count);
    for (int i = threadIdx.x; i < SORT; i += THREADS) {
      float4 box = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      u32 label = 0;
      if (i < count) box = boxOf(deltas, anchors, picture, placeOf(m.choice.keys[i]), label);
      m.boxes[i] = box;
      m.labels[i] = label;
    }
    __syncthreads();
    below = m.choice.keys[count - 1];
    suppress(m, count);
    __syncthreads();
    seen += count;
    if (fromLists && isWhole && seen >= bound) break;
  }
  __syncthreads();
  writeResults<CLASS_TYPE>(m, picture, outCounts, outBoxes, outScores, outClasses);
}
