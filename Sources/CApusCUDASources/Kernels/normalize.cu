// Groups of elements brought to mean 0 and variance 1 (or only to mean square 1), scaled and shifted: layer, instance,
// group, batch and RMS normalization of any layout of groups. LANES threads a group.
//
// Prologue: IN PARAMETER OUT STATISTIC (`Element_…`) SUMS (float or double) EPSILON RMS DEVIATION (EPSILON is added to the
// deviation instead of the variance) SCALE BIAS (whether they are there) ITEMS (groups) KEPT KEPT_STRIDES COUNT REDUCED
// REDUCED_STRIDES (extents and strides of the axes among groups and within) KEPT_PARAMETERS REDUCED_PARAMETERS (strides of
// scale) KEPT_SHIFTS REDUCED_SHIFTS (of bias) SECOND (what `second` gets: 0 the inverse deviation, 1 the variance)
// MOMENTUM LANES THREADS. `mean`, `second`, `runningMean` and `runningVariance` may be null.
#include "elements.cuh"

typedef SUMS Sum;

extern "C" __global__ void __launch_bounds__(THREADS)
    normalize(const IN::Store *__restrict__ input, const PARAMETER::Store *__restrict__ scale,
              const PARAMETER::Store *__restrict__ bias, OUT::Store *__restrict__ output,
              STATISTIC::Store *__restrict__ mean, STATISTIC::Store *__restrict__ second,
              const STATISTIC::Store *__restrict__ oldMean, const STATISTIC::Store *__restrict__ oldVariance,
              STATISTIC::Store *__restrict__ runningMean, STATISTIC::Store *__restrict__ runningVariance) {
  constexpr long long kept[] = {KEPT}, keptStrides[] = {KEPT_STRIDES};
  constexpr long long reduced[] = {REDUCED}, reducedStrides[] = {REDUCED_STRIDES};
  constexpr long long keptParameters[] = {KEPT_PARAMETERS}, reducedParameters[] = {REDUCED_PARAMETERS};
  constexpr long long keptShifts[] = {KEPT_SHIFTS}, reducedShifts[] = {REDUCED_SHIFTS};
  __shared__ double scratch[THREADS];
  allowSuccessor();
  waitForPredecessor();
  const long long item = LANES == 1 ? blockIdx.x * (long long)THREADS + threadIdx.x : blockIdx.x;
  if (item >= ITEMS) return;
  const int lane = LANES == 1 ? 0 : threadIdx.x;
  const long long base = offsetOf(item, kept, keptStrides);
  double sum = 0;
  for (long long i = lane; !RMS && i < COUNT; i += LANES)
    sum += (double)IN::load(input, base + offsetOf(i, reduced, reducedStrides));
  const double center = RMS ? 0 : reduceBlock<LANES>(sum, scratch, [](double a, double b) { return a + b; }) / COUNT;
  double squares = 0;
  for (long long i = lane; i < COUNT; i += LANES) {
    const double x = (double)IN::load(input, base + offsetOf(i, reduced, reducedStrides)) - center;
    squares += x * x;
  }
  const double variance = reduceBlock<LANES>(squares, scratch, [](double a, double b) { return a + b; }) / COUNT;
  const double inverse = DEVIATION ? 1.0 / (sqrt(variance) + EPSILON) : 1.0 / sqrt(variance + EPSILON);
  const Sum middle = (Sum)center, factor = (Sum)inverse;
  const long long parameters = offsetOf(item, kept, keptParameters), shifts = offsetOf(item, kept, keptShifts);
  for (long long i = lane; i < COUNT; i += LANES) {
    const long long at = base + offsetOf(i, reduced, reducedStrides);
    Sum x = ((Sum)IN::load(input, at) - middle) * factor;
    if (SCALE) x *= (Sum)PARAMETER::load(scale, parameters + offsetOf(i, reduced, reducedParameters));
    if (BIAS) x += (Sum)PARAMETER::load(bias, shifts + offsetOf(i, reduced, reducedShifts));
    OUT::put(output, at, Conversion<OUT, Sum>::of(x));
  }
  if (lane != 0) return;
  const double shown = SECOND ? variance : inverse;
  if (mean) STATISTIC::put(mean, item, Conversion<STATISTIC, double>::of(center));
  if (second) STATISTIC::put(second, item, Conversion<STATISTIC, double>::of(shown));
  if (runningMean)
    STATISTIC::put(runningMean, item, Conversion<STATISTIC, double>::of((double)STATISTIC::load(oldMean, item) * MOMENTUM + center * (1 - MOMENTUM)));
  if (runningVariance)
    STATISTIC::put(runningVariance, item, Conversion<STATISTIC, double>::of((double)STATISTIC::load(oldVariance, item) * MOMENTUM + variance * (1 - MOMENTUM)));
}
