// The best candidates of a picture or segment, chosen by radix and sorted, by one block of THREADS threads.
//
// Prologue: that of detect.cuh, THREADS, SORT (THREADS times 1, 2, 4 or 8: most keys that are sorted at a time).
#pragma once

constexpr int DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS;
static_assert(DIGITS == 2 * THREADS, "a thread looks after two digits");

/// Keys in the lists of some segments.
struct Lists {
  const u64 *lists;
  int segments;
  /// Keys in each list.
  const u32 *counts;

  template <class Take> __device__ void each(Take take) const {
    for (int s = 0; s < segments; s++)
      for (u32 i = threadIdx.x; i < counts[s]; i += THREADS) take(lists[(u64)s * CAPACITY + i]);
  }
  __device__ u32 bound() const {
    u32 sum = 0;
    for (int s = 0; s < segments; s++) sum += counts[s];
    return sum;
  }
};

/// All scores of one segment of a picture: what is read where lists are too short.
struct Scores {
  const SCORE_TYPE::Store *scores;
  int segment;

  template <class Take> __device__ void each(Take take) const {
    for (u32 e = threadIdx.x; e < elements[segment]; e += THREADS) {
      u32 bin;
      const u64 key = keyOf(SCORE_TYPE::load(scores[e]), segment, e, bin);
      if (key > 0) take(key);
    }
  }
  __device__ u32 bound() const { return elements[segment]; }
};

/// What choosing needs in shared memory.
struct Choice {
  u64 keys[SORT];
  u32 digits[DIGITS], warps[THREADS / 32];
  u32 count, above, digit;
};

/// Chooses the highest keys below `below`: at most SORT, at least `most` where there are so many. Unsorted, the number of
/// them is given back.
template <class Source> __device__ int choose(const Source &source, u64 below, u32 most, Choice &c) {
  u64 cut = 1;
  u32 above = 0;
  if (source.bound() > SORT) {
    u64 prefix = 0;
    int high = 64;
    while (true) {
      const int low = max(high - DIGIT_BITS, 0);
      const u32 mask = (1u << (high - low)) - 1;
      for (int i = threadIdx.x; i < DIGITS; i += THREADS) c.digits[i] = 0;
      __syncthreads();
      source.each([&](u64 key) {
        if (key < below && (high == 64 || key >> high == prefix >> high)) atomicAdd(c.digits + ((u32)(key >> low) & mask), 1u);
      });
      __syncthreads();
      const u32 lower = c.digits[2 * threadIdx.x], upper = c.digits[2 * threadIdx.x + 1];
      if (threadIdx.x == 0) c.digit = DIGITS;
      const u32 behind = sumBehind<THREADS>(lower + upper, c.warps), room = SORT - above;
      // The digit with which there would be too many.
      if (behind <= room && behind + upper > room) {
        c.digit = 2 * threadIdx.x + 1;
        c.above = above + behind;
      } else if (behind + upper <= room && behind + upper + lower > room) {
        c.digit = 2 * threadIdx.x;
        c.above = above + behind + upper;
      }
      __syncthreads();
      const u32 digit = c.digit;
      if (digit == DIGITS) {
        cut = prefix > 0 ? prefix : 1;
        break;
      }
      above = c.above;
      if (above >= most) {
        cut = prefix + ((u64)(digit + 1) << low);
        break;
      }
      prefix += (u64)digit << low;
      high = low;
      __syncthreads();
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) c.count = 0;
  __syncthreads();
  source.each([&](u64 key) {
    if (key >= cut && key < below) c.keys[appended(&c.count)] = key;
  });
  __syncthreads();
  return (int)c.count;
}

/// Sorts the first `count` keys, the highest first; EACH * THREADS are enough for them. Bitonic: Batcher, "Sorting networks
/// and their applications", 1968.
template <int EACH> __device__ void sortKeys(u64 *keys, int count) {
  u64 mine[EACH];
#pragma unroll
  for (int e = 0; e < EACH; e++) {
    const int i = e * THREADS + threadIdx.x;
    mine[e] = i < count ? keys[i] : 0;
  }
  int size = 2;
  const auto exchange = [&](int e, int stage, int stride, u64 other) {
    const int i = e * THREADS + threadIdx.x;
    const bool isLower = (i & stride) == 0, descends = (i & stage) == 0;
    mine[e] = (isLower == descends) == (mine[e] > other) ? mine[e] : other;
  };
  for (; size / 2 < count; size *= 2) {
    for (int stride = size / 2; stride > 0; stride /= 2) {
      if (stride >= THREADS) {
#pragma unroll
        for (int apart = EACH / 2; apart > 0; apart /= 2) {
          if (stride != apart * THREADS) continue;
#pragma unroll
          for (int e = 0; e < EACH; e++) {
            if (e & apart) continue;
            const u64 a = mine[e], b = mine[e + apart];
            exchange(e, size, stride, b);
            mine[e + apart] = mine[e] == a ? b : a;
          }
        }
      } else if (stride >= 32) {
        __syncthreads();
#pragma unroll
        for (int e = 0; e < EACH; e++) keys[e * THREADS + threadIdx.x] = mine[e];
        __syncthreads();
#pragma unroll
        for (int e = 0; e < EACH; e++) exchange(e, size, stride, keys[(e * THREADS + threadIdx.x) ^ stride]);
      } else {
#pragma unroll
        for (int e = 0; e < EACH; e++) exchange(e, size, stride, __shfl_xor_sync(0xffffffffu, mine[e], stride));
      }
    }
  }
  __syncthreads();
#pragma unroll
  for (int e = 0; e < EACH; e++) keys[e * THREADS + threadIdx.x] = mine[e];
  __syncthreads();
}

__device__ inline void sortChosen(Choice &c, int count) {
  if (count <= THREADS) {
    sortKeys<1>(c.keys, count);
  } else {
    sortKeys<SORT / THREADS>(c.keys, count);
  }
}
