// First convolution of an image network: one to four input channels straight from the caller's picture (NCHW or NHWC, any
// element type), on the tensor cores, to NHWC. The reduction of one kernel row is KERNEL_WP pixels of four channels,
// contiguous in the patch that a block keeps in shared memory.
//
// Prologue: IN_TYPE (of the picture) MATH_TYPE (F16 BF16; also of the weights) OUT_TYPE IMAGES IN_H IN_W IN_C PLANAR (1
// for NCHW) OUT_H OUT_W OUT_C OUT_STRIDE KERNEL_H KERNEL_W STRIDE PAD_T PAD_L BIAS ACTIVATION ALPHA BETA
// TILE_H TILE_W (128 outputs together, TILE_W a multiple of 8) TILE_N (multiple of 16).
// KERNEL_WP = KERNEL_W rounded up to even; weights [OUT_C][REDUCTION] with REDUCTION = KERNEL_H * KERNEL_WP * 4 rounded
// up to 16, element (r, s, c) at (r * KERNEL_WP + s) * 4 + c, zeros elsewhere.
//
// grid (ceil(OUT_W / TILE_W) * ceil(OUT_H / TILE_H), ceil(OUT_C / TILE_N), IMAGES), block 128, dynamic shared memory
// max(TILE_N * (REDUCTION + 8) * 2 + patch * 8 + 16, 128 * (TILE_N + 8) * 4), patch = ((TILE_H - 1) * STRIDE + KERNEL_H) *
// ((TILE_W - 1) * STRIDE + KERNEL_WP).
#include "common.cuh"
#include "activation.cuh"

constexpr int KERNEL_WP = (KERNEL_W + 1) / 2 * 2;
constexpr int REDUCTION = (KERNEL_H * KERNEL_WP * 4 + 15) / 16 * 16;
constexpr int PATCH_H = (TILE_H - 1) * STRIDE + KERNEL_H, PATCH_W = (TILE_W - 1) * STRIDE + KERNEL_WP;
constexpr int PITCH_B = REDUCTION + 8, STAGE_PITCH = TILE_N + 8;
constexpr int BLOCKS_A_ROW = KERNEL_WP / 2, BLOCKS = KERNEL_H * BLOCKS_A_ROW;
constexpr int TILES_W = (OUT_W + TILE_W - 1) / TILE_W;
static_assert(TILE_H * TILE_W == 128 && TILE_W % 8 == 0 && TILE_N % 16 == 0, "four warps of 32 outputs");
typedef MATH_TYPE::Store Element;

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

extern "C" __global__ void __launch_bounds__(128)
    stem(const IN_TYPE::Store *__restrict__ input, const Element *__restrict__ weights, const float *__restrict__ bias,
         OUT_TYPE::Store *__restrict__ output) {
  extern __shared__ __align__(1024) unsigned char shared[];
  Element *filter = (Element *)shared, *patch = filter + TILE_N * PITCH_B;
  allowSuccessor();
  const int thread = threadIdx.x, lane = thread & 31, warp = thread >> 5, image = blockIdx.z, channel0 = blockIdx.y * TILE_N;
  const int y0 = blockIdx.x / TILES_W * TILE_H, x0 = blockIdx.x % TILES_W * TILE_W;
  for (int i = thread; i < TILE_N * (REDUCTION / 8); i += 128) {
    const int n = i / (REDUCTION / 8), k = i % (REDUCTION / 8) * 8;
    const bool valid = channel0 + n < OUT_C;
    copyAsync16(sharedAddress(filter + n * PITCH_B + k), weights + (valid ? (long long)(channel0 + n) * REDUCTION + k : 0), valid);
  }
  commitCopies();
  waitForPredecessor();
  // One more pixel than the patch has, since a zero-padded last block reads past it.
  for (int i = thread; i < PATCH_H * PATCH_W + 2; i += 128) {
    const int h = y0 * STRIDE - PAD_T + i / PATCH_W, w = x0 * STRIDE - PAD_L + i % PATCH_W;
    float v[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (i < PATCH_H * PATCH_W && (u32)h < (u32)IN_H && (u32)w < (u32)IN_W) {
#pragma unroll
      for (int c = 0; c < IN_C; c++)
        v[c] = IN_TYPE::load(PLANAR ? input[((long long)(image * IN_C + c) * IN_H + h) * IN_W + w]
                                    : input[((long long)(image * IN_H + h) * IN_W + w) * IN_C + c]);
    }
    *(uint2 *)(patch + i * 4) = make_uint2(MATH_TYPE::pack(v[0], v[1]), MATH_TYPE::pack(v[2], v[3]));
  }
  waitCopies<0>();
  __syncthreads();

  float sums[2][TILE_N / 8][4] = {};
  // Start of this thread's windows: rows lane / 4 and lane / 4 + 8 of both 16-row pieces.
  int start[2][2];
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int x = 0; x < 2; x++) {
      const int m = warp * 32 + i * 16 + x * 8 + (lane >> 2);
      start[i][x] = (m / TILE_W * STRIDE * PATCH_W + m % TILE_W * STRIDE) * 4 + (lane & 3) * 2;
    }
#pragma unroll
  for (int step = 0; step < REDUCTION / 16; step++) {
    u32 a[2][4], b[4];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int block = step * 2 + half < BLOCKS ? step * 2 + half : BLOCKS - 1;
      const int at = block / BLOCKS_A_ROW * PATCH_W * 4 + block % BLOCKS_A_ROW * 8;
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int x = 0; x < 2; x++) a[i][half * 2 + x] = *(const u32 *)(patch + start[i][x] + at);
    }
#pragma unroll
    for (int j = 0; j < TILE_N / 16; j++) {
      const u32 from = sharedAddress(filter + (j * 16 + (lane & 7) + (lane >> 4) * 8) * PITCH_B + step * 16 + ((lane >> 3) & 1) * 8);
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(b[0]), "=r"(b[1]), "=r"(b[2]), "=r"(b[3])
                   : "r"(from)
                   : "memory");
#pragma unroll
      for (int i = 0; i < 2; i++) {
        multiply<MATH_TYPE>(sums[i][j * 2], a[i], b[0], b[1]);
        multiply<MATH_TYPE>(sums[i][j * 2 + 1], a[i], b[2], b[3]);
      }
    }
  }

  __syncthreads();
  float *tile = (float *)shared;
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int j = 0; j < TILE_N / 8; j++)
#pragma unroll
      for (int x = 0; x < 2; x++)
        *(float2 *)(tile + (warp * 32 + i * 16 + x * 8 + (lane >> 2)) * STAGE_PITCH + j * 8 + (lane & 3) * 2) =
            make_float2(sums[i][j][x * 2], sums[i][j][x * 2 + 1]);
  __syncthreads();
  constexpr int V = OUT_C % 8 == 0 && OUT_STRIDE % 8 == 0 ? 8 : 1;
  for (int i = thread; i < 128 * (TILE_N / V); i += 128) {
    const int m = i / (TILE_N / V), c = i % (TILE_N / V) * V, y = y0 + m / TILE_W, x = x0 + m % TILE_W;
    if (y >= OUT_H || x >= OUT_W || channel0 + c >= OUT_C) continue;
    float v[V];
    loadVector<F32, V>(v, tile + m * STAGE_PITCH + c);
#pragma unroll
    for (int k = 0; k < V; k++)
      v[k] = activate<ACTIVATION>(v[k] + (BIAS ? bias[channel0 + c + k] : 0.0f), ALPHA, BETA);
    storeVector<OUT_TYPE, V>(output + ((long long)(image * OUT_H + y) * OUT_W + x) * OUT_STRIDE + channel0 + c, v);
  }
}
