// First and second step of detection: lists the candidates of every segment of every picture, and counts them by score.
// Where they are more than a list holds, the second step (REFINE) lists those only that can be among the TARGET best.
//
// Prologue: that of detect.cuh, REFINE, VECTOR (divides ELEMENTS), CHUNK (scores a block), FIRST_CHUNKS {first block of each
// segment}, THREADS. lists [pictures][SEGMENTS][CAPACITY], state [pictures][SEGMENTS][STATE].
// grid (chunks of all segments, pictures), block THREADS.
#include "common.cuh"
#include "detect.cuh"

typedef SCORE_TYPE::Store Score;
constexpr int LOCAL = 1024, UNROLL = 4;
static_assert(UNROLL * VECTOR <= 32, "a thread notes its hits in a word");
__constant__ u32 firstChunks[SEGMENTS] = FIRST_CHUNKS;

/// Lowest bin that the TARGET best of a segment need.
__device__ u32 lowestBin(const u32 *counters) {
  __shared__ u32 warps[THREADS / 32], lowest;
  constexpr int EACH = BINS / THREADS;
  const u32 *mine = counters + threadIdx.x * EACH;
  u32 sum = 0;
  for (int i = 0; i < EACH; i++) sum += mine[i];
  if (threadIdx.x == 0) lowest = 0;
  u32 behind = sumBehind<THREADS>(sum, warps);
  if (behind < TARGET && behind + sum >= TARGET) {
    int i = EACH - 1;
    while (behind + mine[i] < TARGET) behind += mine[i--];
    lowest = threadIdx.x * EACH + i;
  }
  __syncthreads();
  return lowest;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    detect_scan(const Score *__restrict__ scores0, const Score *__restrict__ scores1, const Score *__restrict__ scores2,
                const Score *__restrict__ scores3, const Score *__restrict__ scores4, const Score *__restrict__ scores5,
                const Score *__restrict__ scores6, const Score *__restrict__ scores7, u64 *__restrict__ lists,
                u32 *__restrict__ state) {
  __shared__ u32 counters[REFINE ? 1 : BINS], local, base;
  __shared__ u64 keys[REFINE ? 1 : LOCAL];
  allowSuccessor();
  int segment = 0;
  while (segment + 1 < SEGMENTS && blockIdx.x >= firstChunks[segment + 1]) segment++;
  const int picture = blockIdx.y;
  const u32 first = (blockIdx.x - firstChunks[segment]) * CHUNK, end = min(first + CHUNK, elements[segment]);
  const Score *const all[] = {scores0, scores1, scores2, scores3, scores4, scores5, scores6, scores7};
  const Score *scores = ofSegment(all, segment) + (u64)picture * elements[segment];
  u64 *list = lists + ((u64)picture * SEGMENTS + segment) * CAPACITY;
  state += (picture * SEGMENTS + segment) * STATE;
  if (!REFINE) {
    for (int i = threadIdx.x; i < BINS; i += THREADS) counters[i] = 0;
    if (threadIdx.x == 0) local = 0;
    __syncthreads();
  }
  waitForPredecessor();
  if (REFINE && state[LISTED] <= CAPACITY) return;
  const u32 lowest = REFINE ? lowestBin(state + COUNTERS) : 0;
  const auto take = [&](float x, u32 element) {
    u32 bin;
    const u64 key = keyOf(x, segment, element, bin);
    if (key == 0) return;
    if (REFINE) {
      if (bin < lowest) return;
      const u32 at = appended(state + REFINED);
      if (at < CAPACITY) list[at] = key;
      return;
    }
    atomicAdd(counters + bin, 1u);
    const u32 at = appended(&local);
    if (at < LOCAL) keys[at] = key;
  };
  for (u32 start = first + threadIdx.x * VECTOR; start < end; start += UNROLL * THREADS * VECTOR) {
    float x[UNROLL][VECTOR];
#pragma unroll
    for (int i = 0; i < UNROLL; i++)
      if (start + i * THREADS * VECTOR < end)
        loadVector<SCORE_TYPE, VECTOR>(x[i], scores + start + i * THREADS * VECTOR);
    // Few are candidates as a rule, and what one takes is long: it is not unrolled.
    u32 hits = 0;
#pragma unroll
    for (int i = 0; i < UNROLL; i++)
#pragma unroll
      for (int v = 0; v < VECTOR; v++)
        if (start + i * THREADS * VECTOR < end && (EVERY || x[i][v] > RAW_THRESHOLD)) hits |= 1u << (i * VECTOR + v);
    for (; hits != 0; hits &= hits - 1) {
      const u32 bit = __ffs(hits) - 1, element = start + bit / VECTOR * THREADS * VECTOR + bit % VECTOR;
      take(SCORE_TYPE::load(scores[element]), element);
    }
  }
  if (REFINE) return;
  __syncthreads();
  const u32 count = local, kept = min(count, (u32)LOCAL);
  if (count == 0) return;
  // A block that could not keep its candidates makes the list one that does not hold them.
  if (threadIdx.x == 0) base = atomicAdd(state + LISTED, count <= LOCAL ? count : CAPACITY + 1);
  for (int i = threadIdx.x; i < BINS; i += THREADS)
    if (counters[i] > 0) atomicAdd(state + COUNTERS + i, counters[i]);
  __syncthreads();
  for (u32 i = threadIdx.x; i < kept; i += THREADS)
    if (base + i < CAPACITY) list[base + i] = keys[i];
}
