// The upper or lower triangle of matrices, zeros elsewhere; elements are moved as they are.
//
// Prologue: SIZE (bytes an element) ROWS COLUMNS UPPER ITEMS THREADS. `shift` (null: 0) is how far the diagonal lies above
// the main one. grid ceil(ITEMS / THREADS), block THREADS.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    trilu(const Raw<SIZE>::T *__restrict__ input, const long long *__restrict__ shift, Raw<SIZE>::T *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const long long column = i % COLUMNS, row = i / COLUMNS % ROWS, diagonal = shift ? *shift : 0;
  Raw<SIZE>::T x = {};
  if (UPPER ? column - row >= diagonal : column - row <= diagonal) x = input[i];
  output[i] = x;
}
