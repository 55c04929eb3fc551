// New entries written into a cache that `output` holds already, from each batch's write index on (null: 0); entries beyond
// the end wrap around or are left out.
//
// Prologue: SIZE (bytes an element) COUNT (new entries) AXIS (entries of the cache) INNER (elements of an entry) OUTER (lines of
// entries in a batch) CIRCULAR ITEMS THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    tensor_scatter(const Raw<SIZE>::T *__restrict__ update, const long long *__restrict__ writes,
                   Raw<SIZE>::T *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long line = i / INNER / COUNT;
  long long entry = (writes ? writes[line / OUTER] : 0) + i / INNER % COUNT;
  if (CIRCULAR) entry = (entry % AXIS + AXIS) % AXIS;
  if (entry >= 0 && entry < AXIS) output[(line * AXIS + entry) * INNER + i % INNER] = update[i];
}
