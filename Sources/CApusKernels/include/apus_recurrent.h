#ifndef APUS_RECURRENT_H
#define APUS_RECURRENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_pool.h"

typedef enum apus_cell : int32_t {
  /// Gates in the order input, output, forget, cell.
  APUS_CELL_LSTM,
  /// Gates in the order update, reset, hidden; the reset gate scales the state.
  APUS_CELL_GRU,
  /// The same; the reset gate scales the product with the state.
  APUS_CELL_GRU_LINEAR,
} apus_cell;

/// One direction of a recurrent layer in FP32, with sigmoid gates and tanh.
typedef struct apus_recurrent {
  apus_cell cell;
  ptrdiff_t length, batch, size, hidden;
  /// Directions of the layer, and which one this is: they share the output.
  ptrdiff_t directions, direction;
  bool reverse;
  /// Whether the batch leads in x, states and outputs; else time, or the direction, does.
  bool batch_first;
} apus_recurrent;

/// What a direction has learned. Matrices are packed by `apus_gemm_pack` from their transposes.
typedef struct apus_recurrent_weights {
  /// Of x, [gates * hidden, size], and of the state, [gates * hidden, hidden].
  const void *input, *state;
  /// Of the scaled state, [hidden, hidden], for APUS_CELL_GRU, whose `state` is [2 * hidden, hidden] then.
  const void *scaled;
  /// Added to all gates, [gates * hidden].
  const float *bias;
  /// Added to the product with the state of the hidden gate, [hidden], for APUS_CELL_GRU_LINEAR.
  const float *state_bias;
} apus_recurrent_weights;

/// Bytes of workspace (align to 64).
size_t apus_recurrent_workspace_bytes(const apus_recurrent *layer);

/// - `lengths`: of each sequence, I32 [batch]; NULL for the whole length. What lies beyond is zero in `y`.
/// - `initial`, `initial_cell`: states to begin with, [directions, batch, hidden]; NULL for zeros.
/// - `y`: all states, [length, directions, batch, hidden]; `last`, `last_cell`: the last ones. Each may be NULL.
void apus_recurrent_run(
    const apus_recurrent *layer, const apus_recurrent_weights *weights, const float *x, const int32_t *lengths,
    const float *initial, const float *initial_cell, float *y, float *last, float *last_cell, void *workspace,
    apus_pool *pool);
#endif
