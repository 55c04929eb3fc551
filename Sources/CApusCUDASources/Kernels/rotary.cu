// Pairs of features rotated by the angle of their position (rotary embedding), a thread a feature.
//
// Prologue: IN TABLE (`Element_…`) HEADS LENGTH HEAD_SIZE ROTATED (features that turn) INTERLEAVED (pairs are neighbours, else
// halves) HEADS_FIRST (x is [batch][head][length][feature], else [batch][length][head][feature]) TABLE_ROWS IDS (0 none, 1
// position of the first row, 2 one a row) ITEMS THREADS. grid ceil(ITEMS / THREADS), block THREADS.
#include "elements.cuh"

typedef TABLE::Number Angle;

extern "C" __global__ void __launch_bounds__(THREADS)
    rotary(const IN::Store *__restrict__ input, const TABLE::Store *__restrict__ cosines, const TABLE::Store *__restrict__ sines,
           const long long *__restrict__ ids, IN::Store *__restrict__ output) {
  constexpr int HALF = ROTATED / 2;
  allowSuccessor();
  waitForPredecessor();
  const long long i = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (i >= ITEMS) return;
  const int feature = i % HEAD_SIZE;
  const long long rest = i / HEAD_SIZE;
  const long long place = HEADS_FIRST ? rest % LENGTH : rest / HEADS % LENGTH, batch = rest / LENGTH / HEADS;
  if (feature >= 2 * HALF) {
    IN::put(output, i, IN::load(input, i));
    return;
  }
  const int pair = INTERLEAVED ? feature / 2 : feature % HALF;
  const bool isSecond = INTERLEAVED ? feature % 2 == 1 : feature >= HALF;
  const long long first = i - feature + (INTERLEAVED ? 2 * pair : pair), second = first + (INTERLEAVED ? 1 : HALF);
  long long row = batch * LENGTH + place;
  if (IDS == 1) row = ids[0] + place;
  if (IDS == 2) row = ids[batch * LENGTH + place];
  row = min(max(row, 0ll), (long long)TABLE_ROWS - 1);
  const Angle a = (Angle)IN::load(input, first), b = (Angle)IN::load(input, second);
  const Angle c = TABLE::load(cosines, row * HALF + pair), s = TABLE::load(sines, row * HALF + pair);
  IN::put(output, i, (IN::Number)(isSecond ? s * a + c * b : c * a - s * b));
}
