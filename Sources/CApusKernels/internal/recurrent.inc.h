// Cells of recurrent layers for the level being compiled.
#include "math.inc.h"

/// One step of one sequence: `given` from x and biases, `product` from the state.
static void FN(lstm_step)(const float *given, const float *product, float *cell, float *state, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
    const ptrdiff_t rest = n - j;
    vf gates[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) gates[k] = vload_n(given + k * n + j, rest) + vload_n(product + k * n + j, rest);
    const vf next = vsigmoid(gates[2]) * vload_n(cell + j, rest) + vsigmoid(gates[0]) * vtanh(gates[3]);
    vstore_n(cell + j, next, rest);
    vstore_n(state + j, vsigmoid(gates[1]) * vtanh(next), rest);
  }
}

/// The next state of a gated unit whose hidden gate is known.
INLINE vf FN(gru_state)(vf update, vf fresh, vf before) { return (1.0f - update) * fresh + update * before; }

static void FN(gru_linear_step)(
    const float *given, const float *product, const float *bias, float *state, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
    const ptrdiff_t rest = n - j;
    const vf update = vsigmoid(vload_n(given + j, rest) + vload_n(product + j, rest));
    const vf reset = vsigmoid(vload_n(given + n + j, rest) + vload_n(product + n + j, rest));
    const vf scaled = reset * (vload_n(product + 2 * n + j, rest) + vload_n(bias + j, rest));
    const vf fresh = vtanh(vload_n(given + 2 * n + j, rest) + scaled);
    vstore_n(state + j, FN(gru_state)(update, fresh, vload_n(state + j, rest)), rest);
  }
}

/// The update gate, and the state scaled by the reset gate.
static void FN(gru_gates)(
    const float *given, const float *product, const float *state, float *update, float *scaled, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
    const ptrdiff_t rest = n - j;
    vstore_n(update + j, vsigmoid(vload_n(given + j, rest) + vload_n(product + j, rest)), rest);
    const vf reset = vsigmoid(vload_n(given + n + j, rest) + vload_n(product + n + j, rest));
    vstore_n(scaled + j, reset * vload_n(state + j, rest), rest);
  }
}

static void FN(gru_step)(
    const float *given, const float *product, const float *update, float *state, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; j += APUS_LANES) {
    const ptrdiff_t rest = n - j;
    const vf fresh = vtanh(vload_n(given + 2 * n + j, rest) + vload_n(product + j, rest));
    vstore_n(state + j, FN(gru_state)(vload_n(update + j, rest), fresh, vload_n(state + j, rest)), rest);
  }
}

static void FN(recurrent_task)(void *context, ptrdiff_t sample, int32_t thread) {
  (void)thread;
  const recurrent_job *job = context;
  const apus_recurrent *l = job->layer;
  const ptrdiff_t n = l->hidden, used = recurrent_length(job, sample);
  if (job->step >= used) return;
  const ptrdiff_t time = l->reverse ? used - 1 - job->step : job->step;
  const ptrdiff_t row = l->batch_first ? sample * l->length + time : time * l->batch + sample;
  const float *given = job->given + row * job->gates * n;
  float *state = job->state + sample * n;
  const float *product = job->product + sample * job->product_rows;
  switch (job->stage) {
  case RECURRENT_LSTM: FN(lstm_step)(given, product, job->cell + sample * n, state, n); break;
  case RECURRENT_GRU_LINEAR: FN(gru_linear_step)(given, product, job->state_bias, state, n); break;
  case RECURRENT_GRU_GATES:
    FN(gru_gates)(given, product, state, job->update + sample * n, job->scaled + sample * n, n);
    return;
  case RECURRENT_GRU: FN(gru_step)(given, product, job->update + sample * n, state, n); break;
  }
  if (job->y == NULL) return;
  const ptrdiff_t place = l->batch_first ? (sample * l->length + time) * l->directions + l->direction
                                         : (time * l->directions + l->direction) * l->batch + sample;
  memcpy(job->y + place * n, state, (size_t)n * sizeof(float));
}
