// Slices of the data chosen by tuples of indices; an index outside its axis reads element 0 of it.
//
// Prologue: SIZE (bytes an element) INDEX (`Element_…`) TUPLE SIZES STRIDES (of the data's axes that a tuple goes through) INNER
// (elements of a slice) BATCH_TUPLES (tuples of one batch) BATCH_STRIDE (elements from one batch of data to the next) ITEMS
// THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    gather_nd(const Raw<SIZE>::T *__restrict__ input, const INDEX::Store *__restrict__ indices,
              Raw<SIZE>::T *__restrict__ output) {
  constexpr long long sizes[] = {SIZES}, strides[] = {STRIDES};
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long tuple = i / INNER;
  long long at = tuple / BATCH_TUPLES * BATCH_STRIDE + i % INNER;
#pragma unroll
  for (int place = 0; place < TUPLE; place++) {
    long long index = (long long)INDEX::load(indices, tuple * TUPLE + place);
    if (index < 0) index += sizes[place];
    if (index < 0 || index >= sizes[place]) index = 0;
    at += index * strides[place];
  }
  output[i] = input[at];
}
