// Loss of logarithms of probabilities [N][CLASSES][INNER] against labels [N][INNER], each weighted by its class.
//
// Prologue: SCORE WEIGHT LABEL OUT (`Element_…`) CLASSES INNER COUNT (labels) REDUCTION (0 none, 1 mean, 2 sum) IGNORES IGNORED
// (label that does not count) ITEMS LANES THREADS: ITEMS is COUNT and a thread computes one loss, or ITEMS is 1 and one
// block adds them up. `weights` may be null. A label that is no class gives no number.
#include "elements.cuh"

extern "C" __global__ void __launch_bounds__(THREADS)
    class_loss(const SCORE::Store *__restrict__ scores, const LABEL::Store *__restrict__ labels,
               const WEIGHT::Store *__restrict__ weights, OUT::Store *__restrict__ output) {
  __shared__ double scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = LANES == 1 ? blockIdx.x * (long long)THREADS + threadIdx.x : blockIdx.x;
  if (item >= ITEMS) return;
  double loss = 0, total = 0;
  const long long first = REDUCTION == 0 || LANES == 1 ? item : threadIdx.x;
  const long long last = REDUCTION == 0 ? item + 1 : COUNT;
  for (long long i = first; i < last; i += LANES) {
    const long long label = (long long)LABEL::load(labels, i);
    if (IGNORES && label == IGNORED) continue;
    if (label < 0 || label >= CLASSES) {
      loss = __longlong_as_double(0x7fffffffffffffffll);
      continue;
    }
    const double weight = weights ? (double)WEIGHT::load(weights, label) : 1.0;
    loss -= (double)SCORE::load(scores, (i / INNER * CLASSES + label) * INNER + i % INNER) * weight;
    total += weight;
  }
  if (REDUCTION != 0) {
    loss = reduceBlock<LANES>(loss, scratch, [](double a, double b) { return a + b; });
    total = reduceBlock<LANES>(total, scratch, [](double a, double b) { return a + b; });
    if (LANES > 1 && threadIdx.x != 0) return;
  }
  OUT::put(output, item, Conversion<OUT, double>::of(REDUCTION == 1 ? loss / total : loss));
}
