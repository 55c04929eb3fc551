// Scaled dot-product attention in one kernel: each warp keeps 16 queries, walks over the keys in tiles and rescales its
// sums as the running maximum grows. Half-precision operands, FP32 sums and softmax.
//
// Prologue: IN_TYPE (F16 BF16; also of the output) BATCH HEADS QUERIES KEYS HEAD_DIM (multiple of 16, at most 128)
//   KV_GROUP (query heads that share a key head) SCALE (float) CAUSAL (1: query i sees keys up to i + KEYS - QUERIES)
//   Q_ROW Q_HEAD Q_BATCH, K_..., V_..., O_...: elements from one row, head and batch entry to the next (multiples of 8)
//   K_START V_START: first element of keys and values in their operands (multiples of 8; 0 where not given)
//   MASK 0 none, 1 added to the scores, 2 bytes (zero hides); MASK_TYPE, MASK_ROW MASK_HEAD MASK_BATCH (0: shared)
//   ZERO_NAN (1: a row that sees no key is zero, else NaN)
//   WARPS (16 queries each), TILE_KEYS (multiple of 16)
// grid (ceil(QUERIES / (16 * WARPS)), HEADS, BATCH), block 32 * WARPS,
// dynamic shared memory (16 * WARPS + 2 * min(2, tiles of keys) * TILE_KEYS) * (HEAD_DIM + 8) * 2.
#include "common.cuh"

#ifndef K_START
#define K_START 0
#endif
#ifndef V_START
#define V_START 0
#endif

typedef IN_TYPE::Store Element;
constexpr int THREADS = 32 * WARPS, PITCH = HEAD_DIM + 8, CHUNKS = HEAD_DIM / 8;
constexpr int TILES = (KEYS + TILE_KEYS - 1) / TILE_KEYS, BUFFERS = TILES > 1 ? 2 : 1;
/// Mask values of a thread for eight keys: those of both its rows, or one for all rows.
constexpr int MASK_VALUES = MASK ? (MASK_ROW ? 4 : 2) : 1;
constexpr float LOG2E = 1.44269504088896341f, LOWEST = -3.0e38f;

template <class T> __device__ inline void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1);
#define DEFINE_MULTIPLY(T, NAME)                                                                                      \
  template <> __device__ inline void multiply<T>(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {                   \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." NAME "." NAME                                               \
                 ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                      \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                       \
  }
DEFINE_MULTIPLY(F16, "f16")
DEFINE_MULTIPLY(BF16, "bf16")

template <bool TRANSPOSED> __device__ inline void loadMatrices(u32 (&r)[4], u32 address) {
  if (TRANSPOSED)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

/// Copies `count` rows of a head, zeros past `limit`.
__device__ inline void copyRows(Element *shared, const Element *from, int row0, int count, int limit, long long stride) {
  for (int i = threadIdx.x; i < count * CHUNKS; i += THREADS) {
    const int r = i / CHUNKS, c = i % CHUNKS * 8;
    const bool valid = row0 + r < limit;
    copyAsync16(sharedAddress(shared + r * PITCH + c), from + (valid ? (row0 + r) * stride + c : 0), valid);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention(const Element *__restrict__ q, const Element *__restrict__ k, const Element *__restrict__ v,
              const MASK_TYPE::Store *__restrict__ mask, Element *__restrict__ output) {
  extern __shared__ __align__(1024) unsigned char shared[];
  Element *tileQ = (Element *)shared, *tilesK = tileQ + 16 * WARPS * PITCH, *tilesV = tilesK + BUFFERS * TILE_KEYS * PITCH;
  allowSuccessor();
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, row0 = blockIdx.x * 16 * WARPS;
  const int head = blockIdx.y, batch = blockIdx.z;
  q += batch * (long long)Q_BATCH + head * (long long)Q_HEAD;
  k += K_START + batch * (long long)K_BATCH + head / KV_GROUP * (long long)K_HEAD;
  v += V_START + batch * (long long)V_BATCH + head / KV_GROUP * (long long)V_HEAD;
  mask += batch * (long long)MASK_BATCH + head * (long long)MASK_HEAD;
  waitForPredecessor();
  copyRows(tileQ, q, row0, 16 * WARPS, QUERIES, Q_ROW);
  copyRows(tilesK, k, 0, TILE_KEYS, KEYS, K_ROW);
  commitCopies();
  copyRows(tilesV, v, 0, TILE_KEYS, KEYS, V_ROW);
  commitCopies();

  u32 fq[HEAD_DIM / 16][4];
  float out[HEAD_DIM / 8][4] = {}, top[2] = {LOWEST, LOWEST}, sum[2] = {0.0f, 0.0f};
  const int last = CAUSAL ? min(TILES, (row0 + 16 * WARPS - 1 + KEYS - QUERIES) / TILE_KEYS + 1) : TILES;
  for (int t = 0; t < last; t++) {
    Element *tileK = tilesK + (t & 1) * TILE_KEYS * PITCH, *tileV = tilesV + (t & 1) * TILE_KEYS * PITCH;
    // The mask is on its way while the keys are.
    float hides[MASK ? TILE_KEYS / 8 : 1][MASK_VALUES];
    if (MASK) {
#pragma unroll
      for (int j = 0; j < TILE_KEYS / 8; j++)
#pragma unroll
        for (int x = 0; x < MASK_VALUES; x++) {
          const int row = row0 + warp * 16 + (lane >> 2) + x / 2 * 8, key = t * TILE_KEYS + j * 8 + (lane & 3) * 2 + x % 2;
          const bool valid = key < KEYS && row < QUERIES;
          hides[j][x] = valid ? MASK_TYPE::load(mask[(long long)row * MASK_ROW + key]) : 0.0f;
        }
    }
    waitCopies<1>();
    __syncthreads();
    if (t + 1 < last) copyRows(tilesK + (t + 1 & 1) * TILE_KEYS * PITCH, k, (t + 1) * TILE_KEYS, TILE_KEYS, KEYS, K_ROW);
    commitCopies();
    if (t == 0) {
#pragma unroll
      for (int d = 0; d < HEAD_DIM / 16; d++)
        loadMatrices<false>(fq[d], sharedAddress(tileQ + (warp * 16 + (lane & 15)) * PITCH + d * 16 + (lane >> 4) * 8));
    }
    float scores[TILE_KEYS / 8][4] = {};
#pragma unroll
    for (int d = 0; d < HEAD_DIM / 16; d++)
#pragma unroll
      for (int j = 0; j < TILE_KEYS / 16; j++) {
        u32 b[4];
        loadMatrices<false>(b, sharedAddress(tileK + (j * 16 + (lane & 7) + (lane >> 4) * 8) * PITCH + d * 16 + ((lane >> 3) & 1) * 8));
        multiply<IN_TYPE>(scores[j * 2], fq[d], b[0], b[1]);
        multiply<IN_TYPE>(scores[j * 2 + 1], fq[d], b[2], b[3]);
      }
    float above[2] = {top[0], top[1]};
#pragma unroll
    for (int j = 0; j < TILE_KEYS / 8; j++)
#pragma unroll
      for (int x = 0; x < 4; x++) {
        const int row = row0 + warp * 16 + (lane >> 2) + x / 2 * 8, key = t * TILE_KEYS + j * 8 + (lane & 3) * 2 + x % 2;
        float s = scores[j][x] * (SCALE * LOG2E);
        bool seen = key < KEYS && (!CAUSAL || key <= row + KEYS - QUERIES);
        if (MASK) {
          const float m = hides[MASK ? j : 0][x % MASK_VALUES];
          if (MASK == 1) s = fmaf(m, LOG2E, s);
          else seen = seen && m != 0.0f;
        }
        scores[j][x] = seen ? fmaxf(s, LOWEST) : LOWEST;
        above[x / 2] = fmaxf(above[x / 2], scores[j][x]);
      }
    float rescale[2];
#pragma unroll
    for (int x = 0; x < 2; x++) {
      above[x] = fmaxf(above[x], __shfl_xor_sync(0xffffffffu, above[x], 1));
      above[x] = fmaxf(above[x], __shfl_xor_sync(0xffffffffu, above[x], 2));
      rescale[x] = exp2f(top[x] - above[x]);
      top[x] = above[x];
      sum[x] *= rescale[x];
    }
    u32 weights[TILE_KEYS / 16][4];
#pragma unroll
    for (int j = 0; j < TILE_KEYS / 8; j++) {
      float e[4];
#pragma unroll
      for (int x = 0; x < 4; x++) {
        e[x] = scores[j][x] == LOWEST ? 0.0f : exp2f(scores[j][x] - top[x / 2]);
        sum[x / 2] += e[x];
      }
      weights[j / 2][j % 2 * 2] = IN_TYPE::pack(e[0], e[1]);
      weights[j / 2][j % 2 * 2 + 1] = IN_TYPE::pack(e[2], e[3]);
    }
#pragma unroll
    for (int d = 0; d < HEAD_DIM / 8; d++)
#pragma unroll
      for (int x = 0; x < 4; x++) out[d][x] *= rescale[x / 2];
    waitCopies<1>();
    __syncthreads();
    if (t + 1 < last) copyRows(tilesV + (t + 1 & 1) * TILE_KEYS * PITCH, v, (t + 1) * TILE_KEYS, TILE_KEYS, KEYS, V_ROW);
    commitCopies();
#pragma unroll
    for (int j = 0; j < TILE_KEYS / 16; j++)
#pragma unroll
      for (int d = 0; d < HEAD_DIM / 16; d++) {
        u32 b[4];
        loadMatrices<true>(b, sharedAddress(tileV + (j * 16 + (lane & 15)) * PITCH + d * 16 + (lane >> 4) * 8));
        multiply<IN_TYPE>(out[d * 2], weights[j], b[0], b[1]);
        multiply<IN_TYPE>(out[d * 2 + 1], weights[j], b[2], b[3]);
      }
  }
  waitCopies<0>();
#pragma unroll
  for (int x = 0; x < 2; x++) {
    sum[x] += __shfl_xor_sync(0xffffffffu, sum[x], 1);
    sum[x] += __shfl_xor_sync(0xffffffffu, sum[x], 2);
    const int row = row0 + warp * 16 + (lane >> 2) + x * 8;
    if (row >= QUERIES) continue;
    // A row that sees no key has no weights at all.
    const bool isEmpty = !(sum[x] > 0.0f);
    const float scale = isEmpty ? (ZERO_NAN ? 0.0f : __int_as_float(0x7fffffff)) : 1.0f / sum[x];
    Element *to = output + batch * (long long)O_BATCH + head * (long long)O_HEAD + row * (long long)O_ROW + (lane & 3) * 2;
#pragma unroll
    for (int d = 0; d < HEAD_DIM / 8; d++)
      *(u32 *)(to + d * 8) = IN_TYPE::pack(out[d][x * 2] * scale, out[d][x * 2 + 1] * scale);
  }
}
