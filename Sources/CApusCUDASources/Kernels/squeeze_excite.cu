// Squeeze-and-excite in one launch: mean of each channel from partial sums, two small layers, gate[image][channel].
// BLOCKS blocks of a cluster share an image, each a slice of the channels and of the hidden units (BLOCKS is 1 where
// the GPU has no clusters).
//
// Prologue: CHANNELS HIDDEN PARTS (partial sums an image) PIXELS OUT_TYPE WEIGHT_TYPE ACTIVATION GATE_ACTIVATION
// ALPHA BETA GATE_ALPHA GATE_BETA BLOCKS THREADS. Weights: reduce [HIDDEN][CHANNELS], expand [HIDDEN][CHANNELS].
//
// grid (BLOCKS, 1, images), cluster (BLOCKS, 1, 1), block THREADS.
#include "common.cuh"
#include "activation.cuh"

constexpr int CHANNEL_SLICE = (CHANNELS + BLOCKS - 1) / BLOCKS, HIDDEN_SLICE = (HIDDEN + BLOCKS - 1) / BLOCKS;

/// Copies every block's slice of `values` to this block's own copy.
template <int COUNT, int SLICE> __device__ inline void gather(float *values, u32 rank) {
#if BLOCKS > 1
  clusterBarrier();
  const u32 base = sharedAddress(values);
  for (int i = threadIdx.x; i < COUNT; i += THREADS)
    if (i / SLICE != rank) values[i] = loadPeer(peerAddress(base + i * 4, i / SLICE));
  // No block may overwrite or leave what another still reads.
  clusterBarrier();
#else
  __syncthreads();
#endif
}

extern "C" __global__ void __launch_bounds__(THREADS)
    squeeze_excite(const float *__restrict__ sums, const WEIGHT_TYPE::Store *__restrict__ reduce,
                   const float *__restrict__ reduceBias, const WEIGHT_TYPE::Store *__restrict__ expand,
                   const float *__restrict__ expandBias, OUT_TYPE::Store *__restrict__ gate) {
  __shared__ float mean[CHANNELS], hidden[HIDDEN];
  allowSuccessor();
#if BLOCKS > 1
  const u32 rank = clusterRank();
#else
  const u32 rank = 0;
#endif
  const int image = blockIdx.z, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int channel0 = rank * CHANNEL_SLICE, channel1 = min(channel0 + CHANNEL_SLICE, CHANNELS);
  const int hidden0 = rank * HIDDEN_SLICE, hidden1 = min(hidden0 + HIDDEN_SLICE, HIDDEN);
  constexpr int LINE = 128 / sizeof(WEIGHT_TYPE::Store);
  for (int i = hidden0 * CHANNELS + threadIdx.x * LINE; i < hidden1 * CHANNELS; i += THREADS * LINE) prefetchL2(reduce + i);
  for (int i = threadIdx.x; i < HIDDEN; i += THREADS)
    for (int c = channel0; c < channel1; c += LINE) prefetchL2(expand + i * CHANNELS + c);
  waitForPredecessor();
  for (int c = channel0 + threadIdx.x; c < channel1; c += THREADS) {
    float sum = 0.0f;
#pragma unroll 8
    for (int p = 0; p < PARTS; p++) sum += sums[((long long)image * PARTS + p) * CHANNELS + c];
    mean[c] = sum * (1.0f / PIXELS);
  }
  gather<CHANNELS, CHANNEL_SLICE>(mean, rank);
  for (int j = hidden0 + warp; j < hidden1; j += THREADS / 32) {
    float sum = 0.0f;
#pragma unroll 4
    for (int c = lane; c < CHANNELS; c += 32) sum = fmaf(mean[c], WEIGHT_TYPE::load(reduce[j * CHANNELS + c]), sum);
    sum = warpSum(sum);
    if (lane == 0) hidden[j] = activate<ACTIVATION>(sum + reduceBias[j], ALPHA, BETA);
  }
  gather<HIDDEN, HIDDEN_SLICE>(hidden, rank);
  for (int c = channel0 + threadIdx.x; c < channel1; c += THREADS) {
    float sum = expandBias[c];
#pragma unroll 8
    for (int j = 0; j < HIDDEN; j++) sum = fmaf(hidden[j], WEIGHT_TYPE::load(expand[j * CHANNELS + c]), sum);
    gate[(long long)image * CHANNELS + c] = OUT_TYPE::store(activate<GATE_ACTIVATION>(sum, GATE_ALPHA, GATE_BETA));
  }
}
