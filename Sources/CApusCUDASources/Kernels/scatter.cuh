// What becomes of an element that an update meets. REDUCTION: 0 replaced, 1 sum, 2 product, 3 larger, 4 smaller.
#pragma once
#include "elements.cuh"

__device__ inline void scatterTo(DATA::Store *output, long long at, DATA::Number update) {
  DATA::Number x = update;
  if (REDUCTION != 0) {
    const DATA::Number old = DATA::load(output, at);
    if (REDUCTION == 1) x = old + update;
    if (REDUCTION == 2) x = old * update;
    if (REDUCTION == 3) x = old != old || old > update ? old : update;
    if (REDUCTION == 4) x = old != old || old < update ? old : update;
  }
  DATA::put(output, at, x);
}
