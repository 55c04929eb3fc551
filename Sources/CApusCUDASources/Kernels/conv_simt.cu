// Convolution as implicit GEMM (and matrix product) in exact FP32 arithmetic on the ordinary units: any element type,
// any number of channels, groups by BATCHES. Same problem and epilogue constants as the tensor-core kernels.
//
// Tiling: TILE_M x TILE_N outputs a block, TILE_K elements of the reduction a stage, THREAD_M x THREAD_N outputs a
// thread (multiples of 4). B_MAJOR 0: weights [OUT_C][REDUCTION]; 1: [REDUCTION][B_STRIDE]. GATE as in conv_mma.
//
// grid (tiles of N, tiles of M, BATCHES * SPLITS), cluster (1, 1, SPLITS) for SPLIT_MODE 1,
// block (TILE_M / THREAD_M) * (TILE_N / THREAD_N),
// dynamic shared memory max(2 * TILE_K * (TILE_M + TILE_N + 8) * 4, TILE_M * (TILE_N + 8) * 4).
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
#ifndef B_MAJOR
#define B_MAJOR 0
#endif
#ifndef B_STRIDE
#define B_STRIDE OUT_C
#endif

typedef IN_TYPE::Store Element;
constexpr int ACROSS_N = TILE_N / THREAD_N;
constexpr int THREADS = (TILE_M / THREAD_M) * ACROSS_N;
constexpr int K_TILES = (REDUCTION + TILE_K - 1) / TILE_K;
constexpr int PITCH_A = TILE_M + 4, PITCH_B = TILE_N + 4;
constexpr int FLOATS_A = TILE_K * PITCH_A, FLOATS_STAGE = FLOATS_A + TILE_K * PITCH_B;
/// Elements of one load along the reduction: four where every pixel's channels allow it.
constexpr int VA = IN_C % 4 == 0 && IN_STRIDE % 4 == 0 && A_BATCH % 4 == 0 ? 4 : 1;
constexpr int VB = B_MAJOR == 0 ? (REDUCTION % 4 == 0 && B_BATCH % 4 == 0 ? 4 : 1)
                                : (B_STRIDE % 4 == 0 && OUT_C % 4 == 0 && B_BATCH % 4 == 0 ? 4 : 1);
constexpr int LOADS_A = (TILE_M * TILE_K / VA + THREADS - 1) / THREADS;
constexpr int LOADS_B = (TILE_N * TILE_K / VB + THREADS - 1) / THREADS;

static_assert(THREADS % (TILE_K / VA) == 0, "a thread's loads are at one position of the reduction");

/// Where the windows of a thread's loads start.
struct Rows {
  long long offset[LOADS_A];
  int h[LOADS_A], w[LOADS_A];
#if LEVELS > 1
  int height[LOADS_A], width[LOADS_A];
#endif
};

__device__ inline void rowsOf(Rows &rows, int row0, int thread) {
#pragma unroll
  for (int i = 0; i < LOADS_A; i++) {
    const int m = (thread + i * THREADS) / (TILE_K / VA);
    const Window x = windowOf(m < TILE_M ? row0 + m : ROWS);
    rows.h[i] = x.h;
    rows.w[i] = x.w;
#if LEVELS > 1
    rows.height[i] = x.height;
    rows.width[i] = x.width;
#endif
    rows.offset[i] = x.image + ((long long)x.h * x.width + x.w) * IN_STRIDE;
  }
}

__device__ inline void loadA(float (&r)[LOADS_A][VA], const Element *a, const GATE_TYPE::Store *gate, const Rows &rows, int row0,
                             int kTile, int thread) {
  const int k = kTile * TILE_K + thread % (TILE_K / VA) * VA, tap = k / IN_C, c = k % IN_C;
  const int dh = tap / KERNEL_W * DILATE_H, dw = tap % KERNEL_W * DILATE_W;
#pragma unroll
  for (int i = 0; i < LOADS_A; i++) {
#if LEVELS > 1
    const int height = rows.height[i], width = rows.width[i];
#else
    constexpr int height = IN_H, width = IN_W;
#endif
    const bool valid = k < REDUCTION && (u32)(rows.h[i] + dh) < (u32)height && (u32)(rows.w[i] + dw) < (u32)width;
#pragma unroll
    for (int j = 0; j < VA; j++) r[i][j] = 0.0f;
    if (!valid) continue;
    loadVector<IN_TYPE, VA>(r[i], a + rows.offset[i] + (long long)(dh * width + dw) * IN_STRIDE + c);
#if GATE
    const int m = (thread + i * THREADS) / (TILE_K / VA);
    float g[VA];
    loadVector<GATE_TYPE, VA>(g, gate + (IMAGES == 1 ? 0 : (row0 + m) / (OUT_H * OUT_W) * IN_C) + c);
#pragma unroll
    for (int j = 0; j < VA; j++) r[i][j] *= g[j];
#endif
  }
}

__device__ inline void loadB(float (&r)[LOADS_B][VB], const Element *b, int column0, int kTile, int thread) {
#pragma unroll
  for (int i = 0; i < LOADS_B; i++) {
    const int at = thread + i * THREADS;
#pragma unroll
    for (int j = 0; j < VB; j++) r[i][j] = 0.0f;
#if B_MAJOR == 0
    const int n = at / (TILE_K / VB), k = kTile * TILE_K + at % (TILE_K / VB) * VB;
    if (n >= TILE_N || column0 + n >= OUT_C || k >= REDUCTION) continue;
    loadVector<IN_TYPE, VB>(r[i], b + (long long)(column0 + n) * REDUCTION + k);
#else
    const int n = at % (TILE_N / VB) * VB, k = at / (TILE_N / VB);
    if (k >= TILE_K || column0 + n >= OUT_C || kTile * TILE_K + k >= REDUCTION) continue;
    loadVector<IN_TYPE, VB>(r[i], b + (long long)(kTile * TILE_K + k) * B_STRIDE + column0 + n);
#endif
  }
}

__device__ inline void storeA(float *tile, const float (&r)[LOADS_A][VA], int thread) {
#pragma unroll
  for (int i = 0; i < LOADS_A; i++) {
    const int at = thread + i * THREADS, m = at / (TILE_K / VA), k = at % (TILE_K / VA) * VA;
    if (TILE_M * TILE_K / VA % THREADS != 0 && m >= TILE_M) continue;
#pragma unroll
    for (int j = 0; j < VA; j++) tile[(k + j) * PITCH_A + m] = r[i][j];
  }
}

__device__ inline void storeB(float *tile, const float (&r)[LOADS_B][VB], int thread) {
#pragma unroll
  for (int i = 0; i < LOADS_B; i++) {
    const int at = thread + i * THREADS;
#if B_MAJOR == 0
    const int n = at / (TILE_K / VB), k = at % (TILE_K / VB) * VB;
    if (TILE_N * TILE_K / VB % THREADS != 0 && n >= TILE_N) continue;
#pragma unroll
    for (int j = 0; j < VB; j++) tile[(k + j) * PITCH_B + n] = r[i][j];
#else
    const int n = at % (TILE_N / VB) * VB, k = at / (TILE_N / VB);
    if (TILE_N * TILE_K / VB % THREADS != 0 && k >= TILE_K) continue;
#pragma unroll
    for (int j = 0; j < VB; j++) tile[k * PITCH_B + n + j] = r[i][j];
#endif
  }
}

/// Loads a thread's COUNT values of a row of a tile: pieces of four, each piece spread over the tile's width, so that
/// neighbouring threads read neighbouring banks.
template <int COUNT, int WIDTH> __device__ inline void loadPieces(float (&v)[COUNT], const float *row, int index) {
#pragma unroll
  for (int p = 0; p < COUNT / 4; p++) {
    const float4 x = *(const float4 *)(row + p * (WIDTH / (COUNT / 4)) + index * 4);
    v[p * 4] = x.x, v[p * 4 + 1] = x.y, v[p * 4 + 2] = x.z, v[p * 4 + 3] = x.w;
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    conv_simt(const Element *__restrict__ a, const Element *__restrict__ b, const float *__restrict__ bias,
              const RES_TYPE::Store *__restrict__ residual, const GATE_TYPE::Store *__restrict__ gate,
              OUT_TYPE::Store *__restrict__ output, float *__restrict__ workspace, u32 *__restrict__ tickets) {
  extern __shared__ __align__(1024) unsigned char shared[];
  float *stages = (float *)shared;
  allowSuccessor();
  const int thread = threadIdx.x;
  const int column0 = blockIdx.x * TILE_N, row0 = blockIdx.y * TILE_M;
  const int split = blockIdx.z % SPLITS, batch = blockIdx.z / SPLITS;
  const int kFirst = K_TILES * split / SPLITS, kLast = K_TILES * (split + 1) / SPLITS;
  const int threadN = thread % ACROSS_N, threadM = thread / ACROSS_N;
  a += (long long)batch * A_BATCH;
  b += (long long)batch * B_BATCH;

  Rows rows;
  rowsOf(rows, row0, thread);
  float ra[LOADS_A][VA], rb[LOADS_B][VB], sums[THREAD_M][THREAD_N];
#pragma unroll
  for (int i = 0; i < THREAD_M; i++)
#pragma unroll
    for (int j = 0; j < THREAD_N; j++) sums[i][j] = 0.0f;
  if (CONSTANT_B) loadB(rb, b, column0, kFirst, thread);
  waitForPredecessor();
  if (!CONSTANT_B) loadB(rb, b, column0, kFirst, thread);
  loadA(ra, a, gate, rows, row0, kFirst, thread);
  storeA(stages, ra, thread);
  storeB(stages + FLOATS_A, rb, thread);
  __syncthreads();
  for (int kTile = kFirst; kTile < kLast; kTile++) {
    const float *current = stages + (kTile - kFirst & 1) * FLOATS_STAGE;
    float *other = stages + (kTile - kFirst + 1 & 1) * FLOATS_STAGE;
    if (kTile + 1 < kLast) {
      loadA(ra, a, gate, rows, row0, kTile + 1, thread);
      loadB(rb, b, column0, kTile + 1, thread);
    }
#pragma unroll
    for (int k = 0; k < TILE_K; k++) {
      float fa[THREAD_M], fb[THREAD_N];
      loadPieces<THREAD_M, TILE_M>(fa, current + k * PITCH_A, threadM);
      loadPieces<THREAD_N, TILE_N>(fb, current + FLOATS_A + k * PITCH_B, threadN);
#pragma unroll
      for (int i = 0; i < THREAD_M; i++)
#pragma unroll
        for (int j = 0; j < THREAD_N; j++) sums[i][j] = fmaf(fa[i], fb[j], sums[i][j]);
    }
    if (kTile + 1 < kLast) {
      storeA(other, ra, thread);
      storeB(other + FLOATS_A, rb, thread);
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < THREAD_M; i++)
#pragma unroll
    for (int j = 0; j < THREAD_N; j += 4) {
      const int m = i / 4 * (TILE_M / (THREAD_M / 4)) + threadM * 4 + i % 4;
      const int n = j / 4 * (TILE_N / (THREAD_N / 4)) + threadN * 4;
      *(float4 *)(stages + m * STAGE_PITCH + n) = make_float4(sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]);
    }
  const Epilogue e = {bias, residual, output, workspace, tickets};
  finishTile<THREADS, 1>(stages, thread, row0, column0, batch, split,
                         (batch * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x, e);
}
