// Updates put into data that `output` holds already, each at its own position but at its index along one axis. A thread
// takes the updates of one line along the axis in their order, so that the result does not depend on timing; an index
// outside the axis is left out.
//
// Prologue: DATA INDEX (`Element_…`) REDUCTION (`scatter.cuh`) SIZE INNER (line of the indices: elements, and distance of two)
// EXTENTS STRIDES (of the indices without the axis; strides of the data) AXIS (size of the data's axis) ALONG (its stride)
// ITEMS (lines) THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "scatter.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    scatter_elements(const INDEX::Store *__restrict__ indices, const DATA::Store *__restrict__ updates,
                     DATA::Store *__restrict__ output) {
  constexpr long long extents[] = {EXTENTS}, strides[] = {STRIDES};
  allowSuccessor();
  waitForPredecessor();
  const long long line = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (line >= ITEMS) return;
  const long long from = line / INNER * SIZE * INNER + line % INNER, to = offsetOf(line, extents, strides);
  for (long long i = 0; i < SIZE; i++) {
    long long index = (long long)INDEX::load(indices, from + i * INNER);
    if (index < 0) index += AXIS;
    if (index >= 0 && index < AXIS) scatterTo(output, to + index * ALONG, DATA::load(updates, from + i * INNER));
  }
}
