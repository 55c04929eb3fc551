// Rows of attention scores for the level being compiled.
#include "math.inc.h"

void FN(apus_attention_softmax)(
    float *scores, const float *mask, ptrdiff_t mask_step, float scale, ptrdiff_t n, ptrdiff_t stored,
    apus_dtype type) {
  const float inf = __builtin_inff();
  for (ptrdiff_t i = n; i < stored; i++) scores[i] = -inf;
  if (mask != NULL && mask_step != 1) {
    for (ptrdiff_t i = 0; i < n; i++) scores[i] = scores[i] * scale + mask[i * mask_step];
  } else if (mask != NULL) {
    ptrdiff_t i = 0;
    for (; i + APUS_LANES <= n; i += APUS_LANES)
      vstore(scores + i, vload(scores + i) * scale + vload(mask + i));
    for (; i < n; i++) scores[i] = scores[i] * scale + mask[i];
  }
  const float factor = mask == NULL ? scale : 1.0f;
  // `stored` is a multiple of 16.
  vf largest = vset(-inf);
  for (ptrdiff_t i = 0; i < stored; i += APUS_LANES) {
    vf s = vload(scores + i) * factor;
    vstore(scores + i, s);
    largest = vmax(largest, s);
  }
  const float top = vhmax(largest);
  if (top == -inf) {
    memset(scores, 0, (size_t)stored * sizeof *scores);
    return;
  }
  vf sums = vset(0.0f);
  for (ptrdiff_t i = 0; i < stored; i += APUS_LANES) {
    const vf e = vexp_flushed(vload(scores + i) - top);
    vstore(scores + i, e);
    sums += e;
  }
  const float inverse = 1.0f / vsum(sums);
  // Narrow elements are written at or before the place they are read from.
  for (ptrdiff_t i = 0; i < stored; i += APUS_LANES)
    vstore_as(scores, type, i, APUS_LANES, vload(scores + i) * inverse);
}
