// Slices of a tensor by index along one axis: output [OUTER][COUNT][INNER] from input [OUTER][AXIS][INNER], both in words
// of SIZE bytes; an index outside the axis reads slice 0 (the host checks constant indices, ONNX leaves the rest open).
//
// Prologue: SIZE OUTER AXIS COUNT INNER INDEX (type of an index) THREADS. grid ceil(OUTER * COUNT * INNER / THREADS),
// block THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    gather(const Raw<SIZE>::T *__restrict__ input, const INDEX *__restrict__ indices, Raw<SIZE>::T *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= (long long)OUTER * COUNT * INNER) return;
  const long long inner = i % INNER, slice = i / INNER;
  long long index = (long long)indices[slice % COUNT];
  if (index < 0) index += AXIS;
  if (index < 0 || index >= AXIS) index = 0;
  output[i] = input[(slice / COUNT * AXIS + index) * INNER + inner];
}
