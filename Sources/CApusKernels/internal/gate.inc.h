// Products of channels with a gate, for the level being compiled.

/// `pixels` x `channels` elements, each channel times its factor; the types are equal.
INLINE void FN(gate_typed)(
    const apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t pixels, ptrdiff_t channels) {
  for (ptrdiff_t x = 0; x < pixels; x++)
    for (ptrdiff_t c = 0; c < channels; c += APUS_LANES) {
      const ptrdiff_t at = x * channels + c, left = channels - c;
      vstore_as(out, type, at, left, vload_as(in, type, at, left) * vload_as(gate, APUS_F32, c, left));
    }
}

void FN(apus_gate_pixels)(
    apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t pixels, ptrdiff_t channels) {
  if (type == APUS_BF16) FN(gate_typed)(APUS_BF16, in, gate, out, pixels, channels);
  else FN(gate_typed)(APUS_F32, in, gate, out, pixels, channels);
}

/// BF16 in the upper half of each lane, to nearest even; finite values.
INLINE vu FN(gate_round)(vf v) {
  const vu bits = (vu)v;
  return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
}

void FN(apus_gate_panel)(apus_dtype type, const void *in, const float *gate, void *out, ptrdiff_t depth) {
  if (type == APUS_F32) {
    for (ptrdiff_t k = 0; k < depth; k++)
      for (int j = 0; j < 16; j += APUS_LANES)
        vstore((float *)out + k * 16 + j, vload((const float *)in + k * 16 + j) * gate[k]);
    return;
  }
  // Lanes hold pairs of neighbouring depths, the even one below.
  for (ptrdiff_t k = 0; k < depth; k += 2)
    for (int j = 0; j < 16; j += APUS_LANES) {
      const vu pair = (vu)vload((const float *)((const uint16_t *)in + k * 16 + j * 2));
      const vu even = FN(gate_round)((vf)(pair << 16) * gate[k]);
      const vu odd = FN(gate_round)((vf)(pair & 0xffff0000u) * gate[k + 1]);
      vstore((float *)((uint16_t *)out + k * 16 + j * 2), (vf)((even >> 16) | odd));
    }
}
