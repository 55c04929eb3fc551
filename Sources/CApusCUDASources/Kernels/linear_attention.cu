// Attention as a recurrence over a state [HEAD_SIZE][VALUE_SIZE] of each key head; a thread walks one column of a state
// through all steps.
//
// Prologue: IN STATE PARAMETER (`Element_…`) SUMS (float or double) KEY_HEADS SHARE (query heads a key head) LENGTH HEAD_SIZE
// VALUE_SIZE SCALE DECAYS CORRECTS DECAY_WIDTH BETA_WIDTH (numbers given for each step) ITEMS THREADS. `past` may be null;
// `state` is scratch memory of SUMS. grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

typedef SUMS Sum;

extern "C" __global__ void __launch_bounds__(THREADS)
    linear_attention(const IN::Store *__restrict__ query, const IN::Store *__restrict__ key, const IN::Store *__restrict__ value,
                     const STATE::Store *__restrict__ past, const PARAMETER::Store *__restrict__ decay,
                     const PARAMETER::Store *__restrict__ beta, Sum *__restrict__ state, IN::Store *__restrict__ output,
                     STATE::Store *__restrict__ present) {
  constexpr int QUERY_HEADS = KEY_HEADS * SHARE;
  allowSuccessor();
  waitForPredecessor();
  const long long item = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (item >= ITEMS) return;
  const long long column = item % VALUE_SIZE, cell = item / VALUE_SIZE, head = cell % KEY_HEADS, batch = cell / KEY_HEADS;
  const long long base = cell * HEAD_SIZE * VALUE_SIZE + column;
  for (int r = 0; r < HEAD_SIZE; r++)
    state[base + r * VALUE_SIZE] = past ? (Sum)STATE::load(past, base + r * VALUE_SIZE) : (Sum)0;
  for (long long step = batch * LENGTH; step < (batch + 1) * LENGTH; step++) {
    const long long k = (step * KEY_HEADS + head) * HEAD_SIZE;
    Sum taken = (Sum)IN::load(value, (step * KEY_HEADS + head) * VALUE_SIZE + column), known = 0;
    for (int r = 0; r < HEAD_SIZE; r++) {
      Sum x = state[base + r * VALUE_SIZE];
      if (DECAYS) {
        const long long feature = DECAY_WIDTH == 1 ? 0 : DECAY_WIDTH == KEY_HEADS ? head : head * (DECAY_WIDTH / KEY_HEADS) + r;
        x *= (Sum)exp((Sum)PARAMETER::load(decay, step * DECAY_WIDTH + feature));
        state[base + r * VALUE_SIZE] = x;
      }
      if (CORRECTS) known += x * (Sum)IN::load(key, k + r);
    }
    if (CORRECTS) taken = (Sum)PARAMETER::load(beta, step * BETA_WIDTH + (BETA_WIDTH == 1 ? 0 : head)) * (taken - known);
    for (int r = 0; r < HEAD_SIZE; r++) state[base + r * VALUE_SIZE] += (Sum)IN::load(key, k + r) * taken;
    for (long long reader = head * SHARE; reader < (head + 1) * SHARE; reader++) {
      Sum sum = 0;
      for (int r = 0; r < HEAD_SIZE; r++)
        sum += (Sum)IN::load(query, (step * QUERY_HEADS + reader) * HEAD_SIZE + r) * (Sum)(SCALE) * state[base + r * VALUE_SIZE];
      IN::put(output, (step * QUERY_HEADS + reader) * VALUE_SIZE + column, (IN::Number)sum);
    }
  }
  if (present)
    for (int r = 0; r < HEAD_SIZE; r++)
      STATE::put(present, base + r * VALUE_SIZE, Conversion<STATE, Sum>::of(state[base + r * VALUE_SIZE]));
}
