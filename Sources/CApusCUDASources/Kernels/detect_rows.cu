// Rows of what was kept of all groups, in their order, and how many there are; zeros behind them.
//
// Prologue: GROUPS, OF_PICTURE (groups of a picture: rows are picture, group and place; 0: rows are places alone), MOST (rows
// of a group), THREADS. counts [GROUPS], places [GROUPS][MOST], rows [GROUPS * MOST][3 or 1], total [1]. grid GROUPS, block
// THREADS.
#include "common.cuh"

constexpr int WIDTH = OF_PICTURE > 0 ? 3 : 1;

extern "C" __global__ void __launch_bounds__(THREADS)
    detect_rows(const int *__restrict__ counts, const int *__restrict__ places, long long *__restrict__ rows,
                long long *__restrict__ total) {
  __shared__ u32 before, all;
  allowSuccessor();
  if (threadIdx.x == 0) before = all = 0;
  __syncthreads();
  waitForPredecessor();
  const int group = blockIdx.x;
  u32 mine = 0, ahead = 0;
  for (int g = threadIdx.x; g < GROUPS; g += THREADS) {
    const u32 count = counts[g];
    mine += count;
    if (g < group) ahead += count;
  }
  atomicAdd(&all, mine);
  atomicAdd(&before, ahead);
  __syncthreads();
  for (int i = threadIdx.x; i < counts[group]; i += THREADS) {
    long long *row = rows + (long long)(before + i) * WIDTH;
    if (OF_PICTURE > 0) {
      row[0] = group / max(OF_PICTURE, 1);
      row[1] = group % max(OF_PICTURE, 1);
    }
    row[WIDTH - 1] = places[(long long)group * MOST + i];
  }
  const long long end = (long long)GROUPS * MOST * WIDTH;
  for (long long i = (long long)all * WIDTH + (long long)group * THREADS + threadIdx.x; i < end; i += (long long)GROUPS * THREADS)
    rows[i] = 0;
  if (group == 0 && threadIdx.x == 0) *total = all;
}
