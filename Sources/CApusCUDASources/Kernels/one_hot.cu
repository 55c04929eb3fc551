// Vectors that hold values[1] at an index and values[0] elsewhere; an index outside the vector gives values[0] only.
//
// Prologue: INDEX (`Element_…`) SIZE (bytes an element) DEPTH INNER (indices behind the new axis) ITEMS THREADS.
// grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    one_hot(const INDEX::Store *__restrict__ indices, const Raw<SIZE>::T *__restrict__ values,
            Raw<SIZE>::T *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long place = i / INNER % DEPTH;
  long long index = (long long)INDEX::load(indices, i / INNER / DEPTH * INNER + i % INNER);
  if (index < 0) index += DEPTH;
  output[i] = values[index == place ? 1 : 0];
}
