// Scaled dot-product attention on the FP32 units: exact single precision, and what the tensor cores do not take. Sixteen
// lanes share two queries, walk over the keys in tiles and rescale their sums as the running maximum grows.
//
// Prologue: IN_TYPE (F32 F16 BF16; also of the output) BATCH HEADS QUERIES KEYS HEAD_DIM VALUE_DIM
//   KV_GROUP (query heads that share a key head) SCALE (float) CAUSAL (1: query i sees keys up to i + KEYS - QUERIES)
//   Q_ROW Q_HEAD Q_BATCH, K_..., V_..., O_...: elements from one row, head and batch entry to the next
//   K_START V_START: first element of keys and values in their operands (0 where not given)
//   MASK 0 none, 1 added to the scores, 2 bytes (zero hides); MASK_TYPE, MASK_COLUMN MASK_ROW MASK_HEAD MASK_BATCH
//   (0: shared) ZERO_NAN (1: a row without a weight is zero, else NaN)
//   VECTOR (1 or 4: elements an access may take at once), ROWS (queries a block, even), TILE_KEYS (multiple of 16)
// grid (ceil(QUERIES / ROWS), HEADS, BATCH), block 8 * ROWS,
// dynamic shared memory (ROWS * (QP + TILE_KEYS + 4) + TILE_KEYS * (QP + VP)) * 4, where QP is HEAD_DIM rounded up to 4,
// plus 4, and VP is VALUE_DIM rounded up to 64.
#include "common.cuh"

#ifndef K_START
#define K_START 0
#endif
#ifndef V_START
#define V_START 0
#endif

typedef IN_TYPE::Store Element;
constexpr int PER = 2, LANES = 16, THREADS = ROWS / PER * LANES, KEYS_PER = TILE_KEYS / LANES;
constexpr int STEPS = (HEAD_DIM + 3) / 4, PITCH = STEPS * 4 + 4, CHUNKS = (VALUE_DIM + 63) / 64, VALUE_PITCH = CHUNKS * 64;
constexpr int WEIGHT_PITCH = TILE_KEYS + 4;

/// Copies `count` rows of DIM elements, zeros past `limit` and up to the width the sums read.
template <int DIM, int WIDTH, int ROW_PITCH>
__device__ inline void copyRows(float *shared, const Element *from, int row0, int count, int limit, long long stride) {
  for (int i = threadIdx.x; i < count * (WIDTH / VECTOR); i += THREADS) {
    const int r = i / (WIDTH / VECTOR), c = i % (WIDTH / VECTOR) * VECTOR;
    float v[VECTOR] = {};
    if (row0 + r < limit && c < DIM) loadVector<IN_TYPE>(v, from + (row0 + r) * stride + c);
#pragma unroll
    for (int x = 0; x < VECTOR; x++) shared[r * ROW_PITCH + c + x] = v[x];
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_simt(const Element *__restrict__ q, const Element *__restrict__ k, const Element *__restrict__ v,
                   const MASK_TYPE::Store *__restrict__ mask, Element *__restrict__ output) {
  extern __shared__ __align__(16) float shared[];
  float *tileQ = shared, *weights = tileQ + ROWS * PITCH, *tileK = weights + ROWS * WEIGHT_PITCH;
  float *tileV = tileK + TILE_KEYS * PITCH;
  allowSuccessor();
  const int lane = threadIdx.x % LANES, first = threadIdx.x / LANES * PER, row0 = blockIdx.x * ROWS;
  const int head = blockIdx.y, batch = blockIdx.z;
  const float nothing = -__int_as_float(0x7f800000);
  q += batch * (long long)Q_BATCH + head * (long long)Q_HEAD;
  k += K_START + batch * (long long)K_BATCH + head / KV_GROUP * (long long)K_HEAD;
  v += V_START + batch * (long long)V_BATCH + head / KV_GROUP * (long long)V_HEAD;
  mask += batch * (long long)MASK_BATCH + head * (long long)MASK_HEAD;
  waitForPredecessor();
  copyRows<HEAD_DIM, STEPS * 4, PITCH>(tileQ, q, row0, ROWS, QUERIES, Q_ROW);

  float out[PER][CHUNKS][4] = {}, top[PER], sum[PER];
#pragma unroll
  for (int p = 0; p < PER; p++) top[p] = nothing, sum[p] = 0.0f;
  const int end = CAUSAL ? max(0, min(KEYS, row0 + ROWS + KEYS - QUERIES)) : KEYS;
  for (int key0 = 0; key0 < end; key0 += TILE_KEYS) {
    __syncthreads();
    copyRows<HEAD_DIM, STEPS * 4, PITCH>(tileK, k, key0, TILE_KEYS, KEYS, K_ROW);
    copyRows<VALUE_DIM, VALUE_PITCH, VALUE_PITCH>(tileV, v, key0, TILE_KEYS, KEYS, V_ROW);
    __syncthreads();
    float scores[PER][KEYS_PER] = {};
#pragma unroll 4
    for (int d = 0; d < STEPS; d++) {
      float4 b[KEYS_PER];
#pragma unroll
      for (int j = 0; j < KEYS_PER; j++) b[j] = *(const float4 *)(tileK + (lane + j * LANES) * PITCH + d * 4);
#pragma unroll
      for (int p = 0; p < PER; p++) {
        const float4 a = *(const float4 *)(tileQ + (first + p) * PITCH + d * 4);
#pragma unroll
        for (int j = 0; j < KEYS_PER; j++) {
          scores[p][j] = fmaf(a.x, b[j].x, scores[p][j]);
          scores[p][j] = fmaf(a.y, b[j].y, scores[p][j]);
          scores[p][j] = fmaf(a.z, b[j].z, scores[p][j]);
          scores[p][j] = fmaf(a.w, b[j].w, scores[p][j]);
        }
      }
    }
#pragma unroll
    for (int p = 0; p < PER; p++) {
      const int row = row0 + first + p;
      float above = top[p];
#pragma unroll
      for (int j = 0; j < KEYS_PER; j++) {
        const int key = key0 + lane + j * LANES;
        bool seen = row < QUERIES && key < KEYS && (!CAUSAL || key <= row + KEYS - QUERIES);
        float s = scores[p][j] * SCALE;
        if (MASK && seen) {
          const float m = MASK_TYPE::load(mask[(long long)row * MASK_ROW + (long long)key * MASK_COLUMN]);
          if (MASK == 1) s += m;
          else seen = m != 0.0f;
        }
        scores[p][j] = seen ? s : nothing;
        above = fmaxf(above, scores[p][j]);
      }
#pragma unroll
      for (int i = LANES / 2; i > 0; i >>= 1) above = fmaxf(above, __shfl_xor_sync(0xffffffffu, above, i));
      const float rescale = above == nothing ? 1.0f : expf(top[p] - above);
      top[p] = above;
      sum[p] *= rescale;
#pragma unroll
      for (int j = 0; j < KEYS_PER; j++) {
        const float e = scores[p][j] == nothing ? 0.0f : expf(scores[p][j] - above);
        sum[p] += e;
        weights[(first + p) * WEIGHT_PITCH + lane + j * LANES] = e;
      }
#pragma unroll
      for (int c = 0; c < CHUNKS; c++)
#pragma unroll
        for (int x = 0; x < 4; x++) out[p][c][x] *= rescale;
    }
    // The weights of a query are written and read by the same sixteen lanes.
    __syncwarp();
#pragma unroll 2
    for (int key = 0; key < TILE_KEYS; key += 4) {
      float w[PER][4];
#pragma unroll
      for (int p = 0; p < PER; p++) *(float4 *)w[p] = *(const float4 *)(weights + (first + p) * WEIGHT_PITCH + key);
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int c = 0; c < CHUNKS; c++) {
          const float4 b = *(const float4 *)(tileV + (key + i) * VALUE_PITCH + c * 64 + lane * 4);
#pragma unroll
          for (int p = 0; p < PER; p++) {
            out[p][c][0] = fmaf(w[p][i], b.x, out[p][c][0]);
            out[p][c][1] = fmaf(w[p][i], b.y, out[p][c][1]);
            out[p][c][2] = fmaf(w[p][i], b.z, out[p][c][2]);
            out[p][c][3] = fmaf(w[p][i], b.w, out[p][c][3]);
          }
        }
    }
  }
#pragma unroll
  for (int p = 0; p < PER; p++) {
#pragma unroll
    for (int i = LANES / 2; i > 0; i >>= 1) sum[p] += __shfl_xor_sync(0xffffffffu, sum[p], i);
    const int row = row0 + first + p;
    if (row >= QUERIES) continue;
    const bool isEmpty = !(sum[p] > 0.0f);
    const float scale = isEmpty ? __int_as_float(0x7fffffff) : 1.0f / sum[p];
    Element *to = output + batch * (long long)O_BATCH + head * (long long)O_HEAD + row * (long long)O_ROW;
#pragma unroll
    for (int c = 0; c < CHUNKS; c++)
#pragma unroll
      for (int x = 0; x < 4; x++) {
        const int column = c * 64 + lane * 4 + x;
        if (column < VALUE_DIM) to[column] = IN_TYPE::store(ZERO_NAN && isEmpty ? 0.0f : out[p][c][x] * scale);
      }
  }
}
