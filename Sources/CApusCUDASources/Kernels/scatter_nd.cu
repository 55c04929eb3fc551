// Slices put into data that `output` holds already, at tuples of indices. A thread takes one element of TUPLES tuples in
// their order: all of them where updates are combined, so that the result does not depend on timing. A tuple outside the
// data is left out.
//
// Prologue: DATA INDEX (`Element_…`) REDUCTION (`scatter.cuh`) TUPLE SIZES STRIDES (of the data's axes that a tuple goes through)
// INNER (elements of a slice) TUPLES (of a thread) ITEMS THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "scatter.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    scatter_nd(const INDEX::Store *__restrict__ indices, const DATA::Store *__restrict__ updates,
               DATA::Store *__restrict__ output) {
  constexpr long long sizes[] = {SIZES}, strides[] = {STRIDES};
  allowSuccessor();
  waitForPredecessor();
  const long long item = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (item >= ITEMS) return;
  const long long inner = item % INNER, first = item / INNER * TUPLES;
  for (long long tuple = first; tuple < first + TUPLES; tuple++) {
    long long at = inner;
    bool isInside = true;
    for (int place = 0; place < TUPLE; place++) {
      long long index = (long long)INDEX::load(indices, tuple * TUPLE + place);
      if (index < 0) index += sizes[place];
      if (index < 0 || index >= sizes[place]) isInside = false;
      at += index * strides[place];
    }
    if (isInside) scatterTo(output, at, DATA::load(updates, tuple * INNER + inner));
  }
}
