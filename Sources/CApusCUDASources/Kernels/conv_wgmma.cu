// Convolution as implicit GEMM (and matrix product) for large problems on Hopper (sm_90a): a producer fills a
// ring of stages, two consumer warpgroups multiply with wgmma.
//
// Tiling: 128 x TILE_N outputs a block (TILE_N 64, 128, 192 or 256), 128 bytes of the reduction a stage, STAGES stages.
// LOADER: how the input comes. 0: the copy engine, tiled map of the [ROWS][IN_C] matrix (1x1, stride 1, no padding);
//   1: the copy engine, im2col map (IN_C a multiple of 128 bytes); 2: gathered by the producer's threads (any shape,
//   LEVELS too; IN_C * element size a multiple of 16 bytes).
// Maps: `mapA` box (128 bytes of channels, 128 pixels), `mapB` [OUT_C][REDUCTION] box (128 bytes, TILE_N), both with
// the 128-byte swizzle; the reduction's rows are multiples of 16 bytes.
// IN_TYPE F32X3: exact single precision as three TF32 products. `mapB` is [2 * OUT_C][REDUCTION]: the weights rounded to
// TF32, then what is left of them, rounded too; TILE_N is 64 or 128.
//
// grid (tiles of N, tiles of M, SPLITS), cluster (1, 1, SPLITS) for SPLIT_MODE 1,
// block 384 for LOADER 2, else 288,
// dynamic shared memory 1024 + max(STAGES * (128 + TILE_N (twice for F32X3)) * 128, 128 * (TILE_N + 8) * 4).
// BLOCKS_PER_SM: how many blocks are meant to share a multiprocessor: 1, or 2 up to TILE_N 128 (64 for LOADER 2).
#define TILE_M 128
#include "common.cuh"
#include "activation.cuh"
#include "conv.cuh"
#include "epilogue.cuh"
#include "hopper.cuh"

template <class T> struct Exact { static constexpr bool value = false; };
template <> struct Exact<F32X3> { static constexpr bool value = true; };
constexpr bool EXACT = Exact<IN_TYPE>::value;

typedef IN_TYPE::Store Element;
constexpr int SIZE = sizeof(Element);
constexpr int TILE_K = 128 / SIZE;
/// With im2col a stage never crosses a tap.
constexpr int K_TILES = LOADER == 1 ? TAPS * ((IN_C + TILE_K - 1) / TILE_K) : (REDUCTION + TILE_K - 1) / TILE_K;
constexpr int BYTES_A = TILE_M * 128, BYTES_B = TILE_N * 128 * (EXACT ? 2 : 1), BYTES_STAGE = BYTES_A + BYTES_B;
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

/// Brings the weights of one stage.
__device__ inline void copyB(u32 to, const TensorMap *mapB, int k, int column0, u32 barrier) {
  copyTile2(to, mapB, k, column0, barrier);
  if (EXACT) copyTile2(to + TILE_N * 128, mapB, k, OUT_C + column0, barrier);
}

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
    copyB(ring + i * BYTES_STAGE + BYTES_A, mapB, (kFirst + i) * TILE_K, column0, fullBarrier(barriers, i));
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
      copyB(to + BYTES_A, mapB, kTile * TILE_K, column0, full);
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

__device__ inline u32 roundTF32(float x) {
  u32 r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
  return r;
}

/// Four 8x8 pieces of a tile of 128-byte rows in the 128-byte swizzle: 16 rows of 32 bytes from `step` on.
__device__ inline void loadRows(u32 (&r)[4], u32 tile, int row, int step, int lane) {
  const int m = row + (lane & 15), chunk = step * 2 + (lane >> 4);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(tile + m * 128 + ((chunk ^ (m & 7)) << 4))
               : "memory");
}

/// The same in single precision: rows are split on their way through registers, and each stage's part is added in full
/// precision, for the tensor cores cut off what does not fit their sums.
template <int N>
__device__ inline void consumeExactly(float (&d)[N], u32 ring, u32 barriers, int warp, int steps, int lane) {
#pragma unroll
  for (int i = 0; i < N; i++) d[i] = 0.0f;
  for (int i = 0; i < steps; i++) {
    const int stage = i % STAGES;
    const u32 tileA = ring + stage * BYTES_STAGE;
    const u64 high = tileDescriptor(tileA + BYTES_A), low = tileDescriptor(tileA + BYTES_A + TILE_N * 128);
    barrierWait(fullBarrier(barriers, stage), i / STAGES & 1);
    if (LOADER == 2) fenceAsyncProxy();
    u32 rows[4][4], rests[4][4];
#pragma unroll
    for (int step = 0; step < 4; step++) {
      loadRows(rows[step], tileA, warp * 16, step, lane);
#pragma unroll
      for (int x = 0; x < 4; x++) {
        const float whole = __uint_as_float(rows[step][x]);
        rows[step][x] = roundTF32(whole);
        rests[step][x] = roundTF32(whole - __uint_as_float(rows[step][x]));
      }
    }
    float part[N];
    productsBegin();
#pragma unroll
    for (int step = 0; step < 4; step++) {
      WarpgroupProduct<TF32>::run(part, rests[step], high + step * 2, step > 0);
      WarpgroupProduct<TF32>::run(part, rows[step], low + step * 2, 1);
      WarpgroupProduct<TF32>::run(part, rows[step], high + step * 2, 1);
    }
    productsCommit();
    productsWait<0>();
    if (lane == 0) barrierArrive(emptyBarrier(barriers, stage));
#pragma unroll
    for (int j = 0; j < N; j++) d[j] += part[j];
  }
}

/// Multiplies what the ring brings and leaves the sums of this warpgroup's 64 rows in `d`.
template <class T>
__device__ inline void consume(float (&d)[TILE_N / 2], u32 ring, u32 barriers, int warp, int steps, int lane) {
#pragma unroll
  for (int i = 0; i < TILE_N / 2; i++) d[i] = 0.0f;
  for (int i = 0; i < steps; i++) {
    const int stage = i % STAGES;
    barrierWait(fullBarrier(barriers, stage), i / STAGES & 1);
    if (LOADER == 2) fenceAsyncProxy();
    const u64 tileA = tileDescriptor(ring + stage * BYTES_STAGE + (warp >> 2) * 64 * 128);
    const u64 tileB = tileDescriptor(ring + stage * BYTES_STAGE + BYTES_A);
    productsBegin();
#pragma unroll
    for (int step = 0; step < 4; step++) WarpgroupProduct<T>::run(d, tileA + step * 2, tileB + step * 2, 1);
    productsCommit();
    productsWait<1>();
    if (i > 0 && lane == 0) barrierArrive(emptyBarrier(barriers, (i - 1) % STAGES));
  }
  productsWait<0>();
}

template <class T> struct Consumer {
  template <int N> static __device__ void run(float (&d)[N], u32 ring, u32 barriers, int warp, int steps, int lane) {
    consume<T>(d, ring, barriers, warp, steps, lane);
  }
};
template <> struct Consumer<F32X3> {
  template <int N> static __device__ void run(float (&d)[N], u32 ring, u32 barriers, int warp, int steps, int lane) {
    consumeExactly(d, ring, barriers, warp, steps, lane);
  }
};

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
    Consumer<IN_TYPE>::run(d, aligned, barriers, thread >> 5, kLast - kFirst, lane);
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
