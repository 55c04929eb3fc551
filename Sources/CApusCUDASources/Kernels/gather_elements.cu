// One element of the data for each index: at the index's own position, but at the index along one axis. An index outside
// the axis reads element 0 of it.
//
// Prologue: SIZE (bytes an element) INDEX (`Element_…`) EXTENTS (of the indices) STRIDES (of the data along them, 0 along the
// axis) AXIS (size of the data's axis) ALONG (its stride) ITEMS THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    gather_elements(const Raw<SIZE>::T *__restrict__ input, const INDEX::Store *__restrict__ indices,
                    Raw<SIZE>::T *__restrict__ output) {
  constexpr long long extents[] = {EXTENTS}, strides[] = {STRIDES};
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  long long index = (long long)INDEX::load(indices, i);
  if (index < 0) index += AXIS;
  if (index < 0 || index >= AXIS) index = 0;
  output[i] = input[offsetOf(i, extents, strides) + index * ALONG];
}
