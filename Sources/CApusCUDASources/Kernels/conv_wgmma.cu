// Convolution as implicit GEMM (and matrix product) for large problems on Hopper (sm_90a): a producer fills a
// ring of stages, two consumer warpgroups multiply with wgmma.
//
// Tiling: 128 x TILE_N outputs a block (TILE_N 64, 128, 192 or 256), 128 bytes of the reduction a stage, STAGES stages.
// LOADER: how the input comes. 0: the copy engine, tiled map of the [ROWS][IN_C] matrix (1x1, stride 1, no padding);
//   1: the copy engine, im2col map (IN_C a multiple of 128 bytes); 2: gathered by the producer's threads (any shape,
//   LEVELS too; IN_C * element size a multiple of 16 bytes).
// Maps: `mapA` box (128 bytes of channels, 128 pixels), `mapB` [OUT_C][REDUCTION] box (128 bytes, TILE_N), both with
// the 128-byte swizzle; the reduction's rows are multiples of 16 bytes.
//
// grid (tiles of N, tiles of M, SPLITS), cluster (1, 1, SPLITS) for SPLIT_MODE 1,
// block 384 for LOADER 2, else 288,
// dynamic shared memory 1024 + max(STAGES * (128 + TILE_N) * 128, 128 * (TILE_N + 8) * 4).
// BLOCKS_PER_SM: how many blocks are meant to share a multiprocessor: 1, or 2 up to TILE_N 128 (64 for LOADER 2).
#define TILE_M 128
#include "common.cuh"
#include "activation.cuh"
#include "conv.cuh"
#include "epilogue.cuh"
#include "hopper.cuh"

typedef IN_TYPE::Store Element;
constexpr int SIZE = sizeof(Element);
constexpr int TILE_K = 128 / SIZE;
/// With im2col a stage never crosses a tap.
constexpr int K_TILES = LOADER == 1 ? TAPS * ((IN_C + TILE_K - 1) / TILE_K) : (REDUCTION + TILE_K - 1) / TILE_K;
constexpr int BYTES_A = TILE_M * 128, BYTES_B = TILE_N * 128, BYTES_STAGE = BYTES_A + BYTES_B;
constexpr int CONSUMERS = 256, PRODUCERS = LOADER == 2 ? 128 : 32;
static_assert(LOADER != 1 || IN_C % TILE_K == 0, "a tap's channels fill whole stages");
static_assert(LOADER != 0 || POINTWISE, "the tiled map serves matrix products");

// A gathering warpgroup leaves registers to the consumers; one feeding warp costs too few to matter.
#if BLOCKS_PER_SM == 2
#define CONSUMER_REGISTERS 96
#define PRODUCER_REGISTERS 48
#else
#define CONSUMER_REGISTERS 224
#define PRODUCER_REGISTERS 56
#endif

__device__ inline u32 fullBarrier(u32 barriers, int stage) { return barriers + stage * 16; }
__device__ inline u32 emptyBarrier(u32 barriers, int stage) { return barriers + stage * 16 + 8; }

/// Fills the ring: the first thread has the copy engine bring the weights, and the input unless it is gathered, which
/// all PRODUCERS threads do together: thread p the chunk p % 8 of rows p / 8, p / 8 + 16, ...
__device__ inline void produce(const TensorMap *mapA, const TensorMap *mapB, const Element *a, u32 ring, u32 barriers,
                               int row0, int column0, int kFirst, int kLast, int p) {
  constexpr u32 BYTES = LOADER == 2 ? BYTES_B : BYTES_STAGE;
  // Weights are constants: the first ring of them needs no predecessor.
  constexpr int BEFORE = CONSTANT_B ? STAGES : 0;
  const bool leader = p == 0;
  if (LOADER != 2 && !leader) return;
  for (int i = 0; leader && i < BEFORE && kFirst + i < kLast; i++) {
    barrierExpect(fullBarrier(barriers, i), BYTES);
    copyTile2(ring + i * BYTES_STAGE + BYTES_A, mapB, (kFirst + i) * TILE_K, column0, fullBarrier(barriers, i));
  }
  waitForPredecessor();
#if LOADER == 2
  constexpr int PASSES = TILE_M * 8 / PRODUCERS;
  Window rows[PASSES];
#pragma unroll
  for (int j = 0; j < PASSES; j++) rows[j] = windowOf(row0 + p / 8 + j * (PRODUCERS / 8));
#elif LOADER == 1
  const int image = row0 / (OUT_H * OUT_W), pixel = row0 % (OUT_H * OUT_W);
  const int h = pixel / OUT_W * STRIDE_H - PAD_T, w = pixel % OUT_W * STRIDE_W - PAD_L;
#endif
  for (int kTile = kFirst; kTile < kLast; kTile++) {
    const int i = kTile - kFirst, stage = i % STAGES;
    const u32 full = fullBarrier(barriers, stage), to = ring + stage * BYTES_STAGE;
    if (i >= STAGES) barrierWait(emptyBarrier(barriers, stage), (i / STAGES - 1) & 1);
    if (leader && i >= BEFORE) {
      barrierExpect(full, BYTES);
      copyTile2(to + BYTES_A, mapB, kTile * TILE_K, column0, full);
    }
#if LOADER == 0
    copyTile2(to, mapA, kTile * TILE_K, row0, full);
#elif LOADER == 1
    const int tap = kTile / (IN_C / TILE_K), c = kTile % (IN_C / TILE_K) * TILE_K;
    copyWindows(to, mapA, c, w, h, image, tap % KERNEL_W * DILATE_W, tap / KERNEL_W * DILATE_H, full);
#else
    const int chunk = p % 8, k = kTile * TILE_K + chunk * (16 / SIZE), tap = k / IN_C, c = k % IN_C;
    const int dh = tap / KERNEL_W * DILATE_H, dw = tap % KERNEL_W * DILATE_W;
#pragma unroll
    for (int j = 0; j < PASSES; j++) {
      const Window &x = rows[j];
      const int dy = x.h + dh, dx = x.w + dw, m = p / 8 + j * (PRODUCERS / 8);
      const bool valid = k < REDUCTION && (u32)dy < (u32)x.height && (u32)dx < (u32)x.width;
      const long long at = x.image + (long long)(dy * x.width + dx) * IN_STRIDE + c;
      copyAsync16(to + m * 128 + ((chunk ^ (m & 7)) << 4), a + (valid ? at : 0), valid);
    }
    barrierArriveAfterCopies(full);
#endif
  }
#if LOADER == 2
  waitCopies<0>();
#endif
}

/// Multiplies what the ring brings and leaves the sums of this warpgroup's 64 rows in `d`.
__device__ inline void consume(float (&d)[TILE_N / 2], u32 ring, u32 barriers, int group, int steps, int lane) {
#pragma unroll
  for (int i = 0; i < TILE_N / 2; i++) d[i] = 0.0f;
  for (int i = 0; i < steps; i++) {
    const int stage = i % STAGES;
    barrierWait(fullBarrier(barriers, stage), i / STAGES & 1);
    if (LOADER == 2) fenceAsyncProxy();
    const u64 tileA = tileDescriptor(ring + stage * BYTES_STAGE + group * 64 * 128);
    const u64 tileB = tileDescriptor(ring + stage * BYTES_STAGE + BYTES_A);
    productsBegin();
#pragma unroll
    for (int step = 0; step < 4; step++) WarpgroupProduct<IN_TYPE>::run(d, tileA + step * 2, tileB + step * 2, 1);
    productsCommit();
    productsWait<1>();
    if (i > 0 && lane == 0) barrierArrive(emptyBarrier(barriers, (i - 1) % STAGES));
  }
  productsWait<0>();
}

extern "C" __global__ void __launch_bounds__(CONSUMERS + PRODUCERS, BLOCKS_PER_SM)
    conv_wgmma(const __grid_constant__ TensorMap mapA, const __grid_constant__ TensorMap mapB,
               const Element *__restrict__ a, const float *__restrict__ bias,
               const RES_TYPE::Store *__restrict__ residual, OUT_TYPE::Store *__restrict__ output,
               float *__restrict__ workspace, u32 *__restrict__ tickets) {
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) u64 barrierWords[STAGES * 2];
  allowSuccessor();
  const int thread = threadIdx.x;
  const int column0 = blockIdx.x * TILE_N, row0 = blockIdx.y * TILE_M, split = blockIdx.z;
  const int kFirst = K_TILES * split / SPLITS, kLast = K_TILES * (split + 1) / SPLITS;
  const u32 aligned = (sharedAddress(shared) + 1023) & ~1023u, barriers = sharedAddress(barrierWords);
  if (thread == 0) {
    for (int s = 0; s < STAGES; s++) {
      barrierInit(fullBarrier(barriers, s), LOADER == 2 ? 1 + PRODUCERS : 1);
      barrierInit(emptyBarrier(barriers, s), CONSUMERS / 32);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    prefetchMap(&mapB);
    if (LOADER != 2) prefetchMap(&mapA);
  }
  __syncthreads();
  if (thread >= CONSUMERS) {
#if LOADER == 2
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(PRODUCER_REGISTERS));
#endif
    produce(&mapA, &mapB, a, aligned, barriers, row0, column0, kFirst, kLast, thread - CONSUMERS);
  } else {
#if LOADER == 2
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(CONSUMER_REGISTERS));
#endif
    const int lane = thread & 31;
    float d[TILE_N / 2];
    consume(d, aligned, barriers, thread >> 7, kLast - kFirst, lane);
    // Residuals are read and the ring is overwritten from here on.
    waitForPredecessor();
    groupBarrier<CONSUMERS, 1>();
    float *tile = (float *)(shared + (aligned - sharedAddress(shared)));
#pragma unroll
    for (int j = 0; j < TILE_N / 8; j++)
#pragma unroll
      for (int x = 0; x < 2; x++) {
        const int m = (thread >> 5) * 16 + (lane >> 2) + x * 8, n = j * 8 + (lane & 3) * 2;
        *(float2 *)(tile + m * STAGE_PITCH + n) = make_float2(d[j * 4 + x * 2], d[j * 4 + x * 2 + 1]);
      }
    const Epilogue e = {bias, residual, output, workspace, tickets};
    finishTile<CONSUMERS, 1>(tile, thread, row0, column0, 0, split, blockIdx.y * gridDim.x + blockIdx.x, e);
  }
}
