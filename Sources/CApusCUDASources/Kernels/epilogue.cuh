// What happens to a finished tile of a GEMM or convolution: partial sums of a split reduction are added in a fixed
// order, then bias, residual and activation are applied in FP32, then the tile is stored in wide accesses.
//
// The prologue defines:
//   BIAS          1: a float for each output channel
//   ACTIVATION    see activation.cuh; ALPHA BETA
//   RESIDUAL      0 none, 1 added before the activation, 2 after it
//   RES_STRIDE    elements between residual pixels; RES_UPSAMPLE f: the residual has OUT_H/f x OUT_W/f pixels
//   SPLITS SPLIT_MODE   parts of the reduction; 0 none, 1 one cluster reduces through its shared memory, 2 through a
//                       workspace of SPLITS x TILE_M x TILE_N floats a tile and one zeroed ticket a tile (left zero)
//   EPILOGUE_BODY optional statements on `float v[V]`, the residual `r[V]`, `row` and `column`, in place of
//                 RESIDUAL and ACTIVATION
#pragma once

#ifndef RES_UPSAMPLE
#define RES_UPSAMPLE 1
#endif
#ifndef RES_STRIDE
#define RES_STRIDE OUT_C
#endif
#ifndef ALPHA
#define ALPHA 0.0f
#define BETA 0.0f
#endif

/// Pointers that the epilogue reads and writes; NULL where unused.
struct Epilogue {
  const float *bias;
  const RES_TYPE::Store *residual;
  OUT_TYPE::Store *output;
  float *workspace;
  u32 *tickets;
};

/// Widest store that every row allows.
constexpr int STORE_VECTOR = (OUT_C % 8 == 0 && OUT_STRIDE % 8 == 0 && RES_STRIDE % 8 == 0 && C_BATCH % 8 == 0)   ? 8
                             : (OUT_C % 4 == 0 && OUT_STRIDE % 4 == 0 && RES_STRIDE % 4 == 0 && C_BATCH % 4 == 0) ? 4
                             : (OUT_C % 2 == 0 && OUT_STRIDE % 2 == 0 && RES_STRIDE % 2 == 0 && C_BATCH % 2 == 0) ? 2
                                                                                                                 : 1;
/// Floats between rows of a staged tile: eight more than its width keep 8-byte stores of a quad free of conflicts.
constexpr int STAGE_PITCH = TILE_N + 8;

__device__ inline long long residualRow(int row) {
  if (RES_UPSAMPLE == 1) return row;
  const int image = row / (OUT_H * OUT_W), pixel = row % (OUT_H * OUT_W);
  const int h = pixel / OUT_W / RES_UPSAMPLE, w = pixel % OUT_W / RES_UPSAMPLE;
  return ((long long)image * (OUT_H / RES_UPSAMPLE) + h) * (OUT_W / RES_UPSAMPLE) + w;
}

template <int V>
__device__ inline void finishVector(float (&v)[V], const float (&r)[V], int row, int column, int batch, const Epilogue &e) {
  if (BIAS) {
    float b[V];
    loadVector<F32, V>(b, e.bias + (BATCHES > 1 && B_BATCH ? batch * OUT_C : 0) + column);
#pragma unroll
    for (int i = 0; i < V; i++) v[i] += b[i];
  }
#ifdef EPILOGUE_BODY
  EPILOGUE_BODY
#else
#pragma unroll
  for (int i = 0; i < V; i++) {
    float x = RESIDUAL == 1 ? v[i] + r[i] : v[i];
    x = activate<ACTIVATION>(x, ALPHA, BETA);
    v[i] = RESIDUAL == 2 ? x + r[i] : x;
  }
#endif
  storeVector<OUT_TYPE, V>(e.output + (long long)row * OUT_STRIDE + (long long)batch * C_BATCH + column, v);
}

template <int THREADS, int BARRIER> __device__ inline void groupBarrier() {
  asm volatile("bar.sync %0, %1;" ::"n"(BARRIER), "n"(THREADS) : "memory");
}

/// Finishes the tile at (row0, column0) whose sums lie in `stage` (TILE_M rows of STAGE_PITCH floats, written by the
/// THREADS threads of this group). Every thread of the group calls it, `thread` being its index.
template <int THREADS, int BARRIER>
__device__ inline void finishTile(float *stage, int thread, int row0, int column0, int batch, int split, int tile,
                                  const Epilogue &e) {
  constexpr int V = STORE_VECTOR, ACROSS = TILE_N / V;
  constexpr int SLICE = SPLIT_MODE == 1 ? (TILE_M + SPLITS - 1) / SPLITS : TILE_M;
  int first = 0, last = TILE_M;
#if SPLIT_MODE == 1
  clusterBarrier();
  first = split * SLICE;
  last = first + SLICE < TILE_M ? first + SLICE : TILE_M;
  const u32 base = sharedAddress(stage);
  u32 peers[SPLITS];
#pragma unroll
  for (int s = 0; s < SPLITS; s++) peers[s] = peerAddress(base, s);
#elif SPLIT_MODE == 2
  groupBarrier<THREADS, BARRIER>();
  float *parts = e.workspace + (long long)tile * SPLITS * TILE_M * TILE_N;
  for (int i = thread; i < TILE_M * TILE_N / 4; i += THREADS) {
    const int r = i / (TILE_N / 4), c = i % (TILE_N / 4) * 4;
    *(float4 *)(parts + (long long)split * TILE_M * TILE_N + r * TILE_N + c) = *(float4 *)(stage + r * STAGE_PITCH + c);
  }
  __threadfence();
  groupBarrier<THREADS, BARRIER>();
  __shared__ u32 arrived;
  if (thread == 0) {
    arrived = atomicAdd(e.tickets + tile, 1);
    if (arrived == SPLITS - 1) e.tickets[tile] = 0;
    __threadfence();
  }
  groupBarrier<THREADS, BARRIER>();
  if (arrived != SPLITS - 1) return;
#else
  groupBarrier<THREADS, BARRIER>();
#endif
  // Residuals of a group of vectors are asked for together, so that their latencies overlap.
  constexpr int COUNT = (SLICE * ACROSS + THREADS - 1) / THREADS, GROUP = COUNT < 4 ? COUNT : 4;
  for (int g = 0; g < COUNT; g += GROUP) {
    float residuals[GROUP][V];
    bool live[GROUP];
#pragma unroll
    for (int u = 0; u < GROUP; u++) {
      const int i = first * ACROSS + thread + (g + u) * THREADS;
      const int row = row0 + i / ACROSS, column = column0 + i % ACROSS * V;
      live[u] = i < last * ACROSS && row < ROWS && column < OUT_C;
      if (RESIDUAL && live[u])
        loadVector<RES_TYPE, V>(residuals[u],
                                e.residual + residualRow(row) * RES_STRIDE + (long long)batch * C_BATCH + column);
    }
#pragma unroll
    for (int u = 0; u < GROUP; u++) {
      if (!live[u]) continue;
      const int i = first * ACROSS + thread + (g + u) * THREADS, r = i / ACROSS, c = i % ACROSS * V;
      float v[V];
#pragma unroll
      for (int j = 0; j < V; j++) v[j] = 0.0f;
#if SPLIT_MODE == 1
#pragma unroll
      for (int s = 0; s < SPLITS; s++) {
        const u32 from = peers[s] + (r * STAGE_PITCH + c) * 4;
#pragma unroll
        for (int j = 0; j < V; j += V >= 4 ? 4 : 1) {
          if (V >= 4) {
            float4 x = loadPeer4(from + j * 4);
            v[j] += x.x, v[j + 1] += x.y, v[j + 2] += x.z, v[j + 3] += x.w;
          } else {
            v[j] += loadPeer(from + j * 4);
          }
        }
      }
#elif SPLIT_MODE == 2
#pragma unroll 4
      for (int s = 0; s < SPLITS; s++) {
#pragma unroll
        for (int j = 0; j < V; j++)
          v[j] += __ldcg(parts + (long long)s * TILE_M * TILE_N + r * TILE_N + c + j);
      }
#else
      loadVector<F32, V>(v, stage + r * STAGE_PITCH + c);
#endif
      finishVector<V>(v, residuals[u], row0 + r, column0 + c, batch, e);
    }
  }
#if SPLIT_MODE == 1
  // A peer may still be reading this block's tile.
  clusterBarrier();
#endif
}
