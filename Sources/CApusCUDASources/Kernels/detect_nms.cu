// Last step of detection: suppresses boxes that overlap better ones, a picture a block. The best candidates are chosen and
// sorted a round at a time; WINDOW of them at once are held against the boxes kept so far and, through a matrix of bits,
// against each other. It ends with the last candidate, or as soon as MOST boxes are kept.
//
// Prologue: that of detect_choose.cuh; KIND; IOU, INCLUSIVE (an overlap of IOU suppresses), EXTRA (1: corners are centres of
// pixels), ANY_CORNERS (in any order), AGNOSTIC (across classes), MOST, CLASS_MOST (kept of a class; -1: any), CLASS_FIRST
// (candidates of a class that take part; -1: all), CENTERS, HAS_ANCHORS, SHARED_ANCHORS, BOXES (of a place: 1 or CLASSES),
// CLAMP (results to 0...1), NO_CLASS (class behind the last), BOX_TYPE, OUT_TYPE, CLASS_TYPE (of the classes' output; I32 too).
// RETINANET_LEVELS: that of detect_retinanet.cuh, lists hold all candidates, deltas0... are the levels'. Otherwise deltas0
// are boxes; deltas1 labels (RETINANET_NMS) or anchors. GROUPS: pictures are groups with scores of their own, OF_PICTURE of
// which share boxes; deltas1 labels of LABEL_TYPE (HAS_LABELS); only places go out, as classes. grid pictures, block THREADS, dynamic shared memory
// SHARED_BYTES: a Memory.
#include "common.cuh"
#include "detect.cuh"
#include "detect_choose.cuh"

#define RETINANET_NMS 0
#define RETINANET_LEVELS 1
#define PLACES 2
#define GROUPS 3

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
/// Candidates at once, and threads that share the comparisons of one.
constexpr int WINDOW = 128, PARTS = THREADS / WINDOW, EACH = WINDOW / PARTS, WORDS = WINDOW / 32;
constexpr bool COUNTS_CLASSES = CLASS_FIRST >= 0 || CLASS_MOST >= 0;
constexpr int COUNTED = COUNTS_CLASSES ? CLASSES : 1;
/// Boxes after which none can follow: every class has as many as it may.
constexpr long long ALL_CLASSES = (long long)CLASS_MOST * (CLASSES - (BACKGROUND >= 0 && BACKGROUND < CLASSES));
constexpr int ENOUGH = CLASS_MOST >= 0 && ALL_CLASSES < MOST ? (int)ALL_CLASSES : MOST;
static_assert(EACH == 16, "a thread's comparisons are the bits of a half word");

/// A bit for each candidate of a window, in half words by thread.
struct __align__(16) Bits {
  u16 parts[PARTS];

  __device__ void words(u32 (&w)[WORDS]) const {
    const uint4 all = *(const uint4 *)parts;
    w[0] = all.x;
    w[1] = all.y;
    w[2] = all.z;
    w[3] = all.w;
  }
};

struct Memory {
  Choice choice;
  /// Corners in order: what is compared.
  float4 boxes[SORT], kept[MOST];
  u64 keptKeys[MOST];
  u32 labels[SORT], keptLabels[MOST];
  /// Of each candidate of the window: better ones that overlap it, and better ones of its class.
  Bits better[WINDOW], same[COUNTS_CLASSES ? WINDOW : 1];
  /// Candidates of each class, and those that were kept.
  u32 seen[COUNTED], keptOf[COUNTED];
  u32 dead[WORDS], keptCount, counts[SEGMENTS];
};

static_assert(sizeof(Memory) <= SHARED_BYTES, "the host asks for too little shared memory");

__device__ inline float4 inOrder(float4 b) {
  return ANY_CORNERS ? make_float4(fminf(b.x, b.z), fminf(b.y, b.w), fmaxf(b.x, b.z), fmaxf(b.y, b.w)) : b;
}

__device__ inline float areaOf(float4 b) { return (b.z - b.x + EXTRA) * (b.w - b.y + EXTRA); }

/// What boxes that do not meet are held to.
constexpr bool NONE_OVERLAPS = INCLUSIVE ? 0.0f >= IOU : 0.0f > IOU;

__device__ __noinline__ bool overlapsExactly(float4 a, float4 b) {
  const double w = fmin((double)a.z, (double)b.z) - fmax((double)a.x, (double)b.x) + EXTRA;
  const double h = fmin((double)a.w, (double)b.w) - fmax((double)a.y, (double)b.y) + EXTRA;
  const double first = ((double)a.z - a.x + EXTRA) * ((double)a.w - a.y + EXTRA);
  const double second = ((double)b.z - b.x + EXTRA) * ((double)b.w - b.y + EXTRA);
  const double both = w * h, either = first + second - both;
  if (!(w > 0 && h > 0 && both > 0 && either > 0)) return NONE_OVERLAPS;
  const double overlap = both / either;
  return INCLUSIVE ? overlap >= (double)IOU : overlap > (double)IOU;
}

/// Whether two boxes of corners in order overlap too much. What is close to the limit is decided in double precision.
__device__ inline bool overlaps(float4 a, float areaA, float4 b, float areaB) {
  const float width = fminf(a.z, b.z) - fmaxf(a.x, b.x) + EXTRA, height = fminf(a.w, b.w) - fmaxf(a.y, b.y) + EXTRA;
  if (!(width > 0.0f && height > 0.0f)) return NONE_OVERLAPS;
  // Shared over joined area exceeds IOU where this exceeds nothing.
  const float both = areaA + areaB, excess = width * height * (1.0f + IOU) - both * IOU, margin = 1e-5f * both;
  if (excess > margin) return true;
  if (excess < -margin) return false;
  return overlapsExactly(a, b);
}

__device__ inline float4 loadCorners(const Corner *p) {
  return make_float4(BOX_TYPE::load(p[0]), BOX_TYPE::load(p[1]), BOX_TYPE::load(p[2]), BOX_TYPE::load(p[3]));
}

__device__ inline float4 cornersOf(float4 middle) {
  const float width = middle.z * 0.5f, height = middle.w * 0.5f;
  return make_float4(middle.x - width, middle.y - height, middle.x + width, middle.y + height);
}

/// Box and label of a candidate by its place in the reference's order.
__device__ inline float4 boxOf(const Corner *const *deltas, const float4 *anchors, int picture, u32 place, u32 &label) {
#if KIND == RETINANET_LEVELS
  const int level = segmentOf(place);
  return decodeRetinaNet(ofSegment(deltas, level), anchors, picture, level, place, label);
#elif KIND == GROUPS
  label = HAS_LABELS ? (u32)((const LABEL_TYPE *)deltas[1])[place] : 0;
  const float4 box = loadCorners(deltas[0] + ((u64)(picture / OF_PICTURE) * elements[0] + place) * 4);
  return CENTERS ? cornersOf(box) : box;
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
  return CENTERS ? cornersOf(box) : box;
#endif
}

/// Marks which candidates of a window are suppressed by kept boxes, and which better ones would suppress each.
__device__ void compareWindow(Memory &m, int start, int size, int kept) {
  const int at = threadIdx.x % WINDOW, part = threadIdx.x / WINDOW;
  const bool isThere = at < size;
  const float4 box = m.boxes[start + at];
  const float area = areaOf(box);
  const u32 label = m.labels[start + at];
  bool isDead = false;
  for (int k = part; k < kept; k += PARTS) {
    if (!AGNOSTIC && m.keptLabels[k] != label) continue;
    const float4 other = m.kept[k];
    isDead = isDead || overlaps(other, areaOf(other), box, area);
  }
  if (isThere && isDead) atomicOr(m.dead + at / 32, 1u << at % 32);
  u32 better = 0, same = 0;
#pragma unroll
  for (int e = 0; e < EACH; e++) {
    const int i = part * EACH + e;
    if (i >= at) break;
    const bool isSame = m.labels[start + i] == label;
    if (isSame) same |= 1u << e;
    if (!AGNOSTIC && !isSame) continue;
    const float4 other = m.boxes[start + i];
    if (overlaps(other, areaOf(other), box, area)) better |= 1u << e;
  }
  m.better[at].parts[part] = better;
  if (COUNTS_CLASSES) m.same[at].parts[part] = same;
}

/// Candidates of a window by what is known of them; the same in all threads of a warp.
struct Decisions {
  u32 open[WORDS], kept[WORDS];
};

__device__ inline u32 anyOf(const u32 (&a)[WORDS], const u32 (&b)[WORDS]) {
  return (a[0] & b[0]) | (a[1] & b[1]) | (a[2] & b[2]) | (a[3] & b[3]);
}
__device__ inline int countOf(const u32 (&a)[WORDS], const u32 (&b)[WORDS]) {
  return __popc(a[0] & b[0]) + __popc(a[1] & b[1]) + __popc(a[2] & b[2]) + __popc(a[3] & b[3]);
}

/// Decides about the candidates of a window, four a thread of one warp: one is kept once all better ones that overlap it are
/// out, and is out once one of them is kept. The best that is open can always be decided.
__device__ void decideWindow(const Memory &m, int start, int size, Decisions &d) {
  const int lane = threadIdx.x;
  u32 better[WORDS][WORDS], same[WORDS][WORDS];
  int before[WORDS];
#pragma unroll
  for (int w = 0; w < WORDS; w++) {
    const int at = w * 32 + lane;
    bool isOpen = at < size;
    before[w] = 0;
    m.better[at].words(better[w]);
    if (COUNTS_CLASSES) {
      m.same[at].words(same[w]);
      const u32 label = m.labels[start + at];
      if (CLASS_MOST >= 0) before[w] = m.keptOf[label];
      if (CLASS_FIRST >= 0) {
        const int rank = __popc(same[w][0]) + __popc(same[w][1]) + __popc(same[w][2]) + __popc(same[w][3]);
        isOpen = isOpen && (int)m.seen[label] + rank < CLASS_FIRST;
      }
    }
    d.open[w] = __ballot_sync(0xffffffffu, isOpen) & ~m.dead[w];
    d.kept[w] = 0;
  }
  while ((d.open[0] | d.open[1] | d.open[2] | d.open[3]) != 0) {
#pragma unroll
    for (int w = 0; w < WORDS; w++) {
      bool isOut = anyOf(better[w], d.kept) != 0, waits = anyOf(better[w], d.open) != 0;
      if (CLASS_MOST >= 0) {
        const int least = before[w] + countOf(same[w], d.kept);
        isOut = isOut || least >= CLASS_MOST;
        waits = waits || least + countOf(same[w], d.open) >= CLASS_MOST;
      }
      const bool isOpen = d.open[w] >> lane & 1;
      d.kept[w] |= __ballot_sync(0xffffffffu, isOpen && !isOut && !waits);
      d.open[w] = __ballot_sync(0xffffffffu, isOpen && !isOut && waits);
    }
  }
}

/// Keeps what is left of a window, in order, by the first warp.
__device__ void keepWindow(Memory &m, int start, int size) {
  const int lane = threadIdx.x;
  Decisions d;
  decideWindow(m, start, size, d);
  u32 first = m.keptCount;
  __syncwarp();
#pragma unroll
  for (int w = 0; w < WORDS; w++) {
    const int from = start + w * 32 + lane;
    const u32 to = first + __popc(d.kept[w] & ((1u << lane) - 1));
    const bool isKept = d.kept[w] >> lane & 1;
    if (isKept && to < MOST) {
      m.kept[to] = m.boxes[from];
      m.keptLabels[to] = m.labels[from];
      m.keptKeys[to] = m.choice.keys[from];
    }
    if (CLASS_MOST >= 0 && isKept) atomicAdd(m.keptOf + m.labels[from], 1u);
    if (CLASS_FIRST >= 0 && w * 32 + lane < size) atomicAdd(m.seen + m.labels[from], 1u);
    first += __popc(d.kept[w]);
  }
  if (lane == 0) m.keptCount = min(first, (u32)MOST);
}

/// Suppresses among `count` sorted candidates.
__device__ void suppress(Memory &m, int count) {
  for (int start = 0; start < count; start += WINDOW) {
    const int size = min(WINDOW, count - start);
    // By the warp that read them last.
    if (threadIdx.x < WORDS) m.dead[threadIdx.x] = 0;
    __syncthreads();
    const int kept = m.keptCount;
    if (kept >= ENOUGH) return;
    compareWindow(m, start, size, kept);
    __syncthreads();
    if (threadIdx.x < 32) keepWindow(m, start, size);
  }
  __syncthreads();
}

template <class Out, class BoxOf>
__device__ void writeResults(const Memory &m, BoxOf boxOf, int picture, int *counts, typename OUT_TYPE::Store *boxes,
                             typename OUT_TYPE::Store *scores, typename Out::Store *classes) {
  const int kept = m.keptCount;
  if (threadIdx.x == 0 && counts) counts[picture] = kept;
  if (KIND == GROUPS) {
    for (int i = threadIdx.x; i < kept; i += THREADS) classes[(u64)picture * MOST + i] = placeOf(m.keptKeys[i]);
    return;
  }
  for (int i = threadIdx.x; i < MOST; i += THREADS) {
    const bool isThere = i < kept;
    float4 box = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    u32 label;
    // Corners go out as they came, in any order.
    if (isThere) box = ANY_CORNERS ? boxOf(m.keptKeys[i], label) : m.kept[i];
    if (CLAMP)
      box = make_float4(fminf(fmaxf(box.x, 0.0f), 1.0f), fminf(fmaxf(box.y, 0.0f), 1.0f), fminf(fmaxf(box.z, 0.0f), 1.0f),
                        fminf(fmaxf(box.w, 0.0f), 1.0f));
    const float raw = scoreOf(m.keptKeys[i]), score = isThere ? (RAW_ORDER ? activated(raw) : raw) : 0.0f;
    const float number = KIND == RETINANET_NMS ? __uint_as_float(m.keptLabels[i]) : (float)m.keptLabels[i];
    const u64 at = (u64)picture * MOST + i;
    boxes[4 * at] = OUT_TYPE::store(box.x);
    boxes[4 * at + 1] = OUT_TYPE::store(box.y);
    boxes[4 * at + 2] = OUT_TYPE::store(box.z);
    boxes[4 * at + 3] = OUT_TYPE::store(box.w);
    scores[at] = OUT_TYPE::store(score);
    classes[at] = Out::store(isThere ? number : NO_CLASS);
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
  const Corner *const deltas[] = {deltas0, deltas1, deltas2, deltas3, deltas4, deltas5, deltas6, deltas7};
  if (threadIdx.x == 0) m.keptCount = 0;
  for (int i = threadIdx.x; i < COUNTED; i += THREADS) m.seen[i] = m.keptOf[i] = 0;
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
  const auto decoded = [&](u64 key, u32 &label) { return boxOf(deltas, anchors, picture, placeOf(key), label); };
  const Lists listed{lists + (u64)picture * SEGMENTS * CAPACITY, SEGMENTS, m.counts};
  const Scores all{scores + (u64)picture * elements[0], 0};
  const u32 bound = listed.bound();
  bool fromLists = isUsable;
  u64 below = ~0ull;
  u32 seen = 0;
  while (m.keptCount < ENOUGH) {
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
      if (i < count) box = inOrder(decoded(m.choice.keys[i], label));
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
  writeResults<CLASS_TYPE>(m, decoded, picture, outCounts, outBoxes, outScores, outClasses);
}
