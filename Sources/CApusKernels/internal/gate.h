#ifndef APUS_GATE_H
#define APUS_GATE_H
#include "levels.h"

#define APUS_DECLARE(LEVEL)                                                                                    \
  void apus_gate_pixels_##LEVEL(                                                                               \
      apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t pixels, ptrdiff_t channels);    \
  void apus_gate_panel_##LEVEL(apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t depth);
APUS_DECLARE(base)
APUS_DECLARE(avx2)
APUS_DECLARE(avx512)
#undef APUS_DECLARE

/// Multiplies [pixels, channels] by one factor for each channel.
static inline void apus_gate_pixels(
    apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t pixels, ptrdiff_t channels) {
  APUS_SELECT_F32(apus_gate_pixels)(type, in, gate, out, pixels, channels);
}

/// Multiplies the rows of one panel of packed weights by one factor for each depth.
static inline void apus_gate_panel(
    apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t depth) {
  APUS_SELECT_F32(apus_gate_panel)(type, in, gate, out, depth);
}
#endif
