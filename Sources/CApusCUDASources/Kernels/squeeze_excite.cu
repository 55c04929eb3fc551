// Squeeze-and-excite in one launch: mean of each channel from partial sums, two small layers, gate[image][channel].
// BLOCKS blocks of a cluster share an image, each a slice of the channels and of the hidden units (BLOCKS is 1 where
// the GPU has no clusters); they push their results into each other's shared memory. Weights are copied to shared
// memory before the predecessor has ended.
//
// Prologue: CHANNELS HIDDEN PARTS (partial sums an image) PIXELS OUT_TYPE WEIGHT_TYPE ACTIVATION GATE_ACTIVATION
// ALPHA BETA GATE_ALPHA GATE_BETA BLOCKS THREADS. Weights: reduce [HIDDEN][CHANNELS], expand [HIDDEN][CHANNELS].
//
// grid (BLOCKS, 1, images), cluster (BLOCKS, 1, 1), block THREADS, dynamic shared memory, with S = ceil(CHANNELS / BLOCKS)
// rounded up to 8 and H = ceil(HIDDEN / BLOCKS): (H * CHANNELS + HIDDEN * S) * element size + 16.
#include "common.cuh"
#include "activation.cuh"

typedef WEIGHT_TYPE::Store Weight;
constexpr int CHANNEL_SLICE = ((CHANNELS + BLOCKS - 1) / BLOCKS + 7) / 8 * 8, HIDDEN_SLICE = (HIDDEN + BLOCKS - 1) / BLOCKS;
constexpr int FULL = 16 / sizeof(Weight);
constexpr int VECTOR = CHANNELS % FULL == 0 ? FULL : 1;
// Threads that add up a part of a channel's partial sums each.
constexpr int WIDE = CHANNEL_SLICE < THREADS ? CHANNEL_SLICE : THREADS;
constexpr int SHARES = PARTS < THREADS / WIDE ? PARTS : THREADS / WIDE;

#if BLOCKS > 1
__device__ inline void storePeer(u32 address, float value) {
  asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(address), "f"(value) : "memory");
}
#endif

/// Writes `value` to `*at` in every block of the cluster.
__device__ inline void publish(float *at, float value) {
#if BLOCKS > 1
  const u32 local = sharedAddress(at);
#pragma unroll
  for (int b = 0; b < BLOCKS; b++) storePeer(peerAddress(local, b), value);
#else
  *at = value;
#endif
}

__device__ inline void barrier() {
#if BLOCKS > 1
  clusterBarrier();
#else
  __syncthreads();
#endif
}

extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite(const float *__restrict__ sums, const Weight *__restrict__ reduce, const float *__restrict__ reduceBias,
                   const Weight *__restrict__ expand, const float *__restrict__ expandBias, OUT_TYPE::Store *__restrict__ gate) {
  extern __shared__ __align__(16) unsigned char shared[];
  __shared__ __align__(16) float mean[(CHANNELS + 7) / 8 * 8], hidden[HIDDEN], share[SHARES > 1 ? THREADS : 1];
  Weight *reduceSlice = (Weight *)shared;
  Weight *expandSlice = reduceSlice + (HIDDEN_SLICE * CHANNELS + FULL - 1) / FULL * FULL;
  allowSuccessor();
#if BLOCKS > 1
  const u32 rank = clusterRank();
#else
  const u32 rank = 0;
#endif
  const int image = blockIdx.z, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel0 = rank * CHANNEL_SLICE, channels = max(0, min(CHANNEL_SLICE, CHANNELS - channel0));
  const int hidden0 = rank * HIDDEN_SLICE, rows = max(0, min(HIDDEN_SLICE, HIDDEN - hidden0));
  typedef Raw<VECTOR * sizeof(Weight)>::T Word;
  for (int i = threadIdx.x * VECTOR; i < rows * CHANNELS; i += THREADS * VECTOR)
    *(Word *)(reduceSlice + i) = *(const Word *)(reduce + hidden0 * CHANNELS + i);
  for (int i = threadIdx.x * VECTOR; i < HIDDEN * CHANNEL_SLICE; i += THREADS * VECTOR)
    if (i % CHANNEL_SLICE < channels)
      *(Word *)(expandSlice + i) = *(const Word *)(expand + i / CHANNEL_SLICE * CHANNELS + channel0 + i % CHANNEL_SLICE);
  // Every block of the cluster must be there before another writes into it.
  barrier();
  waitForPredecessor();
  for (int c = threadIdx.x % WIDE; c < channels && threadIdx.x < SHARES * WIDE; c += WIDE) {
    float sum = 0.0f;
#pragma unroll 8
    for (int p = threadIdx.x / WIDE; p < PARTS; p += SHARES)
      sum += sums[((long long)image * PARTS + p) * CHANNELS + channel0 + c];
    if (SHARES > 1) share[threadIdx.x] = sum;
    else publish(&mean[channel0 + c], sum * (1.0f / PIXELS));
  }
  if (SHARES > 1) {
    __syncthreads();
    if (threadIdx.x < channels) {
      float sum = 0.0f;
#pragma unroll
      for (int i = 0; i < SHARES; i++) sum += share[i * WIDE + threadIdx.x];
      publish(&mean[channel0 + threadIdx.x], sum * (1.0f / PIXELS));
    }
  }
  barrier();
  for (int j = warp; j < rows; j += THREADS / 32) {
    float sum = 0.0f;
#pragma unroll 4
    for (int c = lane * VECTOR; c < CHANNELS; c += 32 * VECTOR) {
      float w[VECTOR], m[VECTOR];
      loadVector<WEIGHT_TYPE, VECTOR>(w, reduceSlice + j * CHANNELS + c);
      loadVector<F32, VECTOR>(m, mean + c);
#pragma unroll
      for (int v = 0; v < VECTOR; v++) sum = fmaf(m[v], w[v], sum);
    }
    sum = warpSum(sum);
    if (lane == 0) publish(&hidden[hidden0 + j], activate<ACTIVATION>(sum + reduceBias[hidden0 + j], ALPHA, BETA));
  }
  barrier();
  for (int c = threadIdx.x; c < channels; c += THREADS) {
    float sum = expandBias[channel0 + c];
#pragma unroll 8
    for (int j = 0; j < HIDDEN; j++) sum = fmaf(hidden[j], WEIGHT_TYPE::load(expandSlice[j * CHANNEL_SLICE + c]), sum);
    gate[(long long)image * CHANNELS + channel0 + c] = OUT_TYPE::store(activate<GATE_ACTIVATION>(sum, GATE_ALPHA, GATE_BETA));
  }
}
