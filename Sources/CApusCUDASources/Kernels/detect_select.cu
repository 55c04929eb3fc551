// Third step of detection: the TARGET best candidates of each segment. Alone (DECODE) it sorts them, decodes their boxes and
// ends; otherwise it shortens lists that hold more, for the step that suppresses.
//
// Prologue: those of detect_choose.cuh and detect_retinanet.cuh, DECODE, OUT_TYPE. Deltas and outputs are those of the one
// level with DECODE. grid (SEGMENTS, pictures), block THREADS, dynamic shared memory
// SHARED_BYTES: a Choice.
#include "common.cuh"
#include "detect.cuh"
#include "detect_choose.cuh"
#include "detect_retinanet.cuh"

typedef SCORE_TYPE::Store Score;
typedef OUT_TYPE::Store Out;
static_assert(sizeof(Choice) <= SHARED_BYTES, "the host asks for too little shared memory");

extern "C" __global__ void __launch_bounds__(THREADS)
    detect_select(const Score *__restrict__ scores0, const Score *__restrict__ scores1, const Score *__restrict__ scores2,
                  const Score *__restrict__ scores3, const Score *__restrict__ scores4, const Score *__restrict__ scores5,
                  const Score *__restrict__ scores6, const Score *__restrict__ scores7, const DELTA_TYPE::Store *__restrict__ deltas,
                  const float4 *__restrict__ anchors, u64 *__restrict__ lists, u32 *__restrict__ state, Out *__restrict__ outScores,
                  Out *__restrict__ outBoxes, Out *__restrict__ outClasses) {
  extern __shared__ __align__(16) unsigned char shared[];
  Choice &c = *(Choice *)shared;
  __shared__ u32 counts[1];
  allowSuccessor();
  const int segment = blockIdx.x, picture = blockIdx.y;
  const Score *const all[] = {scores0, scores1, scores2, scores3, scores4, scores5, scores6, scores7};
  u64 *list = lists + ((u64)picture * SEGMENTS + segment) * CAPACITY;
  state += (picture * SEGMENTS + segment) * STATE;
  waitForPredecessor();
  const bool isWhole = state[LISTED] <= CAPACITY;
  const u32 listed = isWhole ? state[LISTED] : state[REFINED];
  if (!DECODE && isWhole && listed <= TARGET) return;
  if (threadIdx.x == 0) counts[0] = min(listed, (u32)CAPACITY);
  __syncthreads();
  int count = listed <= CAPACITY ? choose(Lists{list, 1, counts}, ~0ull, TARGET, c)
                                 : choose(Scores{ofSegment(all, segment) + (u64)picture * elements[segment], segment}, ~0ull, TARGET, c);
  sortChosen(c, count);
  count = min(count, (int)TARGET);
  if (!DECODE) {
    for (int i = threadIdx.x; i < count; i += THREADS) list[i] = c.keys[i];
    if (threadIdx.x == 0) {
      state[LISTED] = count;
      state[REFINED] = 0;
    }
    return;
  }
  for (int i = threadIdx.x; i < STATE; i += THREADS) state[i] = 0;
  for (int i = threadIdx.x; i < TARGET; i += THREADS) {
    float score = 0.0f;
    float4 box = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    u32 label = 0;
    if (i < count) {
      score = scoreOf(c.keys[i]);
      box = decodeRetinaNet(deltas, anchors, picture, segment, placeOf(c.keys[i]), label);
    }
    const u64 at = (u64)picture * TARGET + i;
    outScores[at] = OUT_TYPE::store(score);
    outClasses[at] = OUT_TYPE::store((float)label);
    outBoxes[4 * at] = OUT_TYPE::store(box.x);
    outBoxes[4 * at + 1] = OUT_TYPE::store(box.y);
    outBoxes[4 * at + 2] = OUT_TYPE::store(box.z);
    outBoxes[4 * at + 3] = OUT_TYPE::store(box.w);
  }
}
