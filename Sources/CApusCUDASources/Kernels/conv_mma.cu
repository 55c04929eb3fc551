// Convolution as implicit GEMM (and matrix product) on the tensor cores with mma.sync: any GPU from sm_80 on, and the
// faster way for small problems on newer ones.
//
// Tiling: TILE_M x TILE_N outputs a block, TILE_KB bytes (64 or 128) of the reduction a stage, STAGES stages,
// WARPS_M x WARPS_N x WARPS_K warps, the last sharing each stage's reduction. GATE 1: input channel c of image n is multiplied by gate[n][c] (1x1 convolutions), of GATE_TYPE (IN_TYPE without).
// B_MAJOR 0: weights [OUT_C][REDUCTION]; 1: [REDUCTION][B_STRIDE] (activations times activations).
// IN_C * element size and, for B_MAJOR 1, OUT_C * element size are multiples of 16 bytes.
//
// grid (tiles of N, tiles of M, BATCHES * SPLITS), cluster (1, 1, SPLITS) for SPLIT_MODE 1,
// block 32 * WARPS_M * WARPS_N * WARPS_K, dynamic shared memory max(STAGES * (TILE_M + TILE_N) * TILE_KB + GATE * min(IMAGES,
// TILE_M / (OUT_H * OUT_W) + 2) * IN_C * element size, WARPS_K * TILE_M * (TILE_N + 8) * 4).
#include "common.cuh"
#include "activation.cuh"
#include "conv.cuh"
#include "epilogue.cuh"

#ifndef GATE_TYPE
#define GATE_TYPE IN_TYPE
#endif
#ifndef GATE
#define GATE 0
#endif
#ifndef WARPS_K
#define WARPS_K 1
#endif
#ifndef B_MAJOR
#define B_MAJOR 0
#endif
#ifndef B_STRIDE
#define B_STRIDE OUT_C
#endif

typedef IN_TYPE::Store Element;
constexpr int SIZE = sizeof(Element);
constexpr int THREADS = 32 * WARPS_M * WARPS_N * WARPS_K;
constexpr int CHUNK = 16 / SIZE;
constexpr int TILE_K = TILE_KB / SIZE;
constexpr int CHUNKS = TILE_KB / 16;
constexpr int WARP_M = TILE_M / WARPS_M, WARP_N = TILE_N / WARPS_N;
constexpr int MMA_M = WARP_M / 16, MMA_N = WARP_N / 8;
constexpr int STEPS = TILE_KB / 32;
constexpr int K_TILES = (REDUCTION + TILE_K - 1) / TILE_K;
constexpr int ROWS_A_PASS = THREADS / CHUNKS;
constexpr int PASSES_A = (TILE_M + ROWS_A_PASS - 1) / ROWS_A_PASS;
constexpr int PASSES_B = (TILE_N + ROWS_A_PASS - 1) / ROWS_A_PASS;
constexpr int BYTES_A = TILE_M * TILE_KB, BYTES_B = TILE_N * TILE_KB, BYTES_STAGE = BYTES_A + BYTES_B;
/// Images that a tile's rows may belong to: their gates are kept in shared memory behind the stages.
constexpr int GATE_IMAGES = TILE_M / (OUT_H * OUT_W) + 2 < IMAGES ? TILE_M / (OUT_H * OUT_W) + 2 : IMAGES;
static_assert(STEPS % WARPS_K == 0, "a stage has work for every warp");
static_assert(WARP_M % 16 == 0 && WARP_N % 16 == 0, "a warp's tile is made of 16x16 pieces");
static_assert(SIZE == 2 || B_MAJOR == 0, "only halves are transposed on their way to registers");
static_assert(IN_C % CHUNK == 0, "channels are copied 16 bytes at a time");

/// Byte offset of a 16-byte chunk in a tile: chunks of eight neighbouring rows fall into different banks.
__device__ inline int swizzled(int row, int chunk) {
  const int twist = CHUNKS == 8 ? row & 7 : (row >> 1) & 3;
  return row * TILE_KB + ((chunk ^ twist) << 4);
}

__device__ inline void loadMatrices(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ inline void loadMatricesTransposed(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

#define MMA(SHAPE, TYPE)                                                                                            \
  asm volatile("mma.sync.aligned." SHAPE ".row.col.f32." TYPE "." TYPE                                              \
               ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                      \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1))
template <class T> struct Mma;
template <> struct Mma<F16> {
  static __device__ void run(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { MMA("m16n8k16", "f16"); }
  static __device__ u32 round(u32 x) { return x; }
};
template <> struct Mma<BF16> {
  static __device__ void run(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { MMA("m16n8k16", "bf16"); }
  static __device__ u32 round(u32 x) { return x; }
};
template <> struct Mma<TF32> {
  static __device__ void run(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { MMA("m16n8k8", "tf32"); }
  static __device__ u32 round(u32 x) {
    u32 r;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(__uint_as_float(x)));
    return r;
  }
};

template <> struct Mma<F32X3> {
  static __device__ void run(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    u32 high[4], low[4];
#pragma unroll
    for (int i = 0; i < 4; i++) low[i] = rest(a[i], high[i] = Mma<TF32>::round(a[i]));
    const u32 b0High = Mma<TF32>::round(b0), b1High = Mma<TF32>::round(b1);
    Mma<TF32>::run(d, low, b0High, b1High);
    Mma<TF32>::run(d, high, rest(b0, b0High), rest(b1, b1High));
    Mma<TF32>::run(d, high, b0High, b1High);
  }
  static __device__ u32 rest(u32 x, u32 high) {
    return Mma<TF32>::round(__float_as_uint(__uint_as_float(x) - __uint_as_float(high)));
  }
  static __device__ u32 round(u32 x) { return x; }
};

/// The tensor cores cut off what does not fit their sums; adding each stage's part in full precision keeps FP32 exact
/// however long the reduction.
template <class T> struct Exact { static constexpr bool value = false; };
template <> struct Exact<F32X3> { static constexpr bool value = true; };
constexpr bool EXACT = Exact<IN_TYPE>::value;

template <class T> struct Gate {
  static __device__ u32 apply(u32 a, u32 g) { return T::multiply2(a, g); }
};
template <> struct Gate<TF32> {
  static __device__ u32 apply(u32 a, u32 g) { return __float_as_uint(__uint_as_float(a) * __uint_as_float(g)); }
};
template <> struct Gate<F32X3> : Gate<TF32> {};

/// Copies the weights' part of one stage.
__device__ inline void copyB(u32 shared, const Element *b, int column0, int kTile, int thread) {
#if B_MAJOR == 0
  const int chunk = thread % CHUNKS, k = kTile * TILE_K + chunk * CHUNK;
#pragma unroll
  for (int i = 0; i < PASSES_B; i++) {
    const int n = thread / CHUNKS + i * ROWS_A_PASS;
    if (TILE_N % ROWS_A_PASS != 0 && n >= TILE_N) break;
    const bool valid = column0 + n < OUT_C && k < REDUCTION;
    const long long at = valid ? (long long)(column0 + n) * REDUCTION + k : 0;
    copyAsync16(shared + swizzled(n, chunk), b + at, valid);
  }
#else
  // Rows of the reduction, TILE_N elements wide, in panels of 64 bytes-swizzled 8-chunk groups.
  constexpr int ACROSS = TILE_N * SIZE / 16;
  for (int i = thread; i < TILE_K * ACROSS; i += THREADS) {
    const int r = i / ACROSS, c = i % ACROSS, k = kTile * TILE_K + r, n = column0 + c * CHUNK;
    const bool valid = k < REDUCTION && n < OUT_C;
    copyAsync16(shared + r * TILE_N * SIZE + ((c ^ (r & 7 & (ACROSS - 1))) << 4), b + (valid ? (long long)k * B_STRIDE + n : 0), valid);
  }
#endif
}

struct Rows {
#if LEVELS > 1
  Window window[PASSES_A];
#else
  int offset[PASSES_A], h[PASSES_A], w[PASSES_A];
#endif
};

/// Copies the input's part of one stage, each 16-byte chunk from the tap and channels that it stands for.
__device__ inline void copyA(u32 shared, const Element *a, const Rows &rows, int kTile, int thread) {
  const int chunk = thread % CHUNKS, k = kTile * TILE_K + chunk * CHUNK;
  const int tap = TAPS == 1 ? 0 : k / IN_C, c = TAPS == 1 ? k : k % IN_C;
  const int dh = tap / KERNEL_W * DILATE_H, dw = tap % KERNEL_W * DILATE_W;
#pragma unroll
  for (int i = 0; i < PASSES_A; i++) {
    const int m = thread / CHUNKS + i * ROWS_A_PASS;
    if (TILE_M % ROWS_A_PASS != 0 && m >= TILE_M) break;
#if LEVELS > 1
    const Window &x = rows.window[i];
    const int h = x.h + dh, w = x.w + dw;
    const bool valid = k < REDUCTION && (u32)h < (u32)x.height && (u32)w < (u32)x.width;
    const long long at = x.image + (long long)(h * x.width + w) * IN_STRIDE + c;
#else
    const int h = rows.h[i] + dh, w = rows.w[i] + dw;
    const bool valid = k < REDUCTION && (POINTWISE ? rows.h[i] >= 0 : (u32)h < (u32)IN_H && (u32)w < (u32)IN_W);
    const int at = rows.offset[i] + (dh * IN_W + dw) * IN_STRIDE + c;
#endif
    copyAsync16(shared + swizzled(m, chunk), a + (valid ? at : 0), valid);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    conv_mma(const Element *__restrict__ a, const Element *__restrict__ b, const float *__restrict__ bias,
             const RES_TYPE::Store *__restrict__ residual, const GATE_TYPE::Store *__restrict__ gate,
             OUT_TYPE::Store *__restrict__ output, float *__restrict__ workspace, u32 *__restrict__ tickets) {
  extern __shared__ __align__(1024) unsigned char shared[];
  allowSuccessor();
  const int thread = threadIdx.x, lane = thread & 31, warp = thread >> 5;
  const int column0 = blockIdx.x * TILE_N, row0 = blockIdx.y * TILE_M;
  const int split = blockIdx.z % SPLITS, batch = blockIdx.z / SPLITS;
  const int kFirst = K_TILES * split / SPLITS, kLast = K_TILES * (split + 1) / SPLITS;
  const u32 base = sharedAddress(shared);
  a += (long long)batch * A_BATCH;
  b += (long long)batch * B_BATCH;

  Rows rows;
#pragma unroll
  for (int i = 0; i < PASSES_A; i++) {
    const Window x = windowOf(row0 + thread / CHUNKS + i * ROWS_A_PASS);
#if LEVELS > 1
    rows.window[i] = x;
#else
    rows.offset[i] = (int)x.image + (x.h * IN_W + x.w) * IN_STRIDE;
    rows.h[i] = x.h;
    rows.w[i] = x.w;
#endif
  }

#if CONSTANT_B
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++)
    if (kFirst + s < kLast) copyB(base + s * BYTES_STAGE + BYTES_A, b, column0, kFirst + s, thread);
#if B_MAJOR == 0
  // The rest of this block's weights starts on its way from memory while the predecessor still runs.
  if (blockIdx.y == 0) {
    constexpr int LINE = 128 / SIZE;
    const int from = (kFirst + STAGES - 1) * TILE_K, to = kLast * TILE_K < REDUCTION ? kLast * TILE_K : REDUCTION;
    for (int n = warp; n < TILE_N && column0 + n < OUT_C; n += THREADS / 32)
      for (int k = from + lane * LINE; k < to; k += 32 * LINE) prefetchL2(b + (long long)(column0 + n) * REDUCTION + k);
  }
#endif
  waitForPredecessor();
#else
  waitForPredecessor();
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++)
    if (kFirst + s < kLast) copyB(base + s * BYTES_STAGE + BYTES_A, b, column0, kFirst + s, thread);
#endif
#if GATE
  {
    const int image = row0 / (OUT_H * OUT_W), images = GATE_IMAGES < IMAGES - image ? GATE_IMAGES : IMAGES - image;
    if (sizeof(GATE_TYPE::Store) == sizeof(Element)) {
      for (int i = thread; i < images * IN_C / CHUNK; i += THREADS)
        copyAsync16(base + STAGES * BYTES_STAGE + i * 16, gate + image * IN_C + i * CHUNK, true);
    } else {
      Element *target = (Element *)(shared + STAGES * BYTES_STAGE);
      for (int i = thread; i < images * IN_C; i += THREADS) target[i] = IN_TYPE::store(GATE_TYPE::load(gate[image * IN_C + i]));
    }
  }
#endif
#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) {
    if (kFirst + s < kLast) copyA(base + s * BYTES_STAGE, a, rows, kFirst + s, thread);
    commitCopies();
  }

  const int warpM = warp % WARPS_M * WARP_M, warpN = warp / WARPS_M % WARPS_N * WARP_N, warpK = warp / (WARPS_M * WARPS_N);
  float sums[MMA_M][MMA_N][4];
#pragma unroll
  for (int i = 0; i < MMA_M; i++)
#pragma unroll
    for (int j = 0; j < MMA_N; j++)
#pragma unroll
      for (int x = 0; x < 4; x++) sums[i][j][x] = 0.0f;

#if GATE
  const Element *gates = (const Element *)(shared + STAGES * BYTES_STAGE);
  int gateRow[MMA_M][2];
#pragma unroll
  for (int i = 0; i < MMA_M; i++)
#pragma unroll
    for (int x = 0; x < 2; x++) {
      const int row = row0 + warpM + i * 16 + (lane >> 2) + x * 8;
      gateRow[i][x] = IMAGES == 1 || row >= ROWS ? 0 : (row / (OUT_H * OUT_W) - row0 / (OUT_H * OUT_W)) * IN_C;
    }
#endif

  int stage = 0;
  for (int kTile = kFirst; kTile < kLast; kTile++) {
    waitCopies<STAGES - 2>();
    __syncthreads();
    const int next = kTile + STAGES - 1, slot = stage == 0 ? STAGES - 1 : stage - 1;
    if (next < kLast) {
      copyB(base + slot * BYTES_STAGE + BYTES_A, b, column0, next, thread);
      copyA(base + slot * BYTES_STAGE, a, rows, next, thread);
    }
    commitCopies();
    const u32 tileA = base + stage * BYTES_STAGE, tileB = tileA + BYTES_A;
    float part[EXACT ? MMA_M : 1][EXACT ? MMA_N : 1][4] = {};
#pragma unroll
    for (int round = 0; round < STEPS / WARPS_K; round++) {
      const int step = round * WARPS_K + warpK;
      u32 fa[MMA_M][4], fb[MMA_N / 2][4];
#pragma unroll
      for (int i = 0; i < MMA_M; i++)
        loadMatrices(fa[i], tileA + swizzled(warpM + i * 16 + (lane & 15), step * 2 + (lane >> 4)));
#pragma unroll
      for (int j = 0; j < MMA_N / 2; j++) {
#if B_MAJOR == 0
        loadMatrices(fb[j], tileB + swizzled(warpN + j * 16 + (lane & 7) + (lane >> 4) * 8, step * 2 + ((lane >> 3) & 1)));
#else
        constexpr int ACROSS = TILE_N * SIZE / 16;
        const int r = step * 16 + (lane & 15), c = (warpN + j * 16) / 8 + (lane >> 4);
        loadMatricesTransposed(fb[j], tileB + r * TILE_N * SIZE + ((c ^ (r & 7 & (ACROSS - 1))) << 4));
#endif
      }
#if GATE
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int k = kTile * TILE_K + (step * 2 + h) * CHUNK + (lane & 3) * (4 / SIZE);
        if (k < REDUCTION) {
#pragma unroll
          for (int i = 0; i < MMA_M; i++)
#pragma unroll
            for (int x = 0; x < 2; x++)
              fa[i][h * 2 + x] = Gate<IN_TYPE>::apply(fa[i][h * 2 + x], *(const u32 *)(gates + gateRow[i][x] + k));
        }
      }
#endif
#pragma unroll
      for (int i = 0; i < MMA_M; i++)
#pragma unroll
        for (int x = 0; x < 4; x++) fa[i][x] = Mma<IN_TYPE>::round(fa[i][x]);
#pragma unroll
      for (int j = 0; j < MMA_N / 2; j++)
#pragma unroll
        for (int x = 0; x < 4; x++) fb[j][x] = Mma<IN_TYPE>::round(fb[j][x]);
#pragma unroll
      for (int i = 0; i < MMA_M; i++)
#pragma unroll
        for (int j = 0; j < MMA_N; j++)
          Mma<IN_TYPE>::run(EXACT ? part[EXACT ? i : 0][EXACT ? j : 0] : sums[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
    }
    if (EXACT) {
#pragma unroll
      for (int i = 0; i < MMA_M; i++)
#pragma unroll
        for (int j = 0; j < MMA_N; j++)
#pragma unroll
          for (int x = 0; x < 4; x++) sums[i][j][x] += part[EXACT ? i : 0][EXACT ? j : 0][x];
    }
    stage = stage + 1 == STAGES ? 0 : stage + 1;
  }

  waitCopies<0>();
  __syncthreads();
  float *tile = (float *)shared, *part = tile + warpK * TILE_M * STAGE_PITCH;
#pragma unroll
  for (int i = 0; i < MMA_M; i++)
#pragma unroll
    for (int j = 0; j < MMA_N; j++)
#pragma unroll
      for (int x = 0; x < 2; x++) {
        const int m = warpM + i * 16 + (lane >> 2) + x * 8, n = warpN + j * 8 + (lane & 3) * 2;
        *(float2 *)(part + m * STAGE_PITCH + n) = make_float2(sums[i][j][x * 2], sums[i][j][x * 2 + 1]);
      }
  if (WARPS_K > 1) {
    __syncthreads();
    for (int i = thread; i < TILE_M * TILE_N / 4; i += THREADS) {
      float4 *to = (float4 *)(tile + i / (TILE_N / 4) * STAGE_PITCH + i % (TILE_N / 4) * 4), sum = *to;
#pragma unroll
      for (int w = 1; w < WARPS_K; w++) {
        const float4 x = to[w * (TILE_M * STAGE_PITCH / 4)];
        sum.x += x.x, sum.y += x.y, sum.z += x.z, sum.w += x.w;
      }
      *to = sum;
    }
  }
  const Epilogue e = {bias, residual, output, workspace, tickets};
  finishTile<THREADS, 1>(tile, thread, row0, column0, batch, split,
                         (batch * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x, e);
}
