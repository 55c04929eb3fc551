// Plain products with panels of parts, for the level being compiled.

/// Columns of a panel at depth `k` (even) and `k + 1`, put together again.
INLINE void FN(whole_weights)(const uint16_t *panel, int parts, ptrdiff_t k, ptrdiff_t column, vf *even, vf *odd) {
  const uint16_t *at = panel + k / APUS_PARTS_CHUNK * parts * APUS_PARTS_TILE +
                       (k % APUS_PARTS_CHUNK / 2 * APUS_PANEL + column) * 2;
  vf e = {0}, o = {0};
  for (int part = parts - 1; part >= 0; part--) {
    const vu pair = (vu)vload((const float *)(at + part * APUS_PARTS_TILE));
    e = (vf)(pair << 16) + e;
    o = (vf)(pair & 0xffff0000u) + o;
  }
  *even = e;
  *odd = o;
}

/// One row by one panel.
static void FN(sum_row)(const apus_tiles *t, const float *row, const uint16_t *panel, float *sums) {
  for (ptrdiff_t column = 0; column < APUS_PANEL; column += APUS_LANES) {
    vf sum = {0}, even = {0}, odd = {0};
    ptrdiff_t k = 0;
    for (ptrdiff_t tap = 0; tap < t->tap_count; tap++)
      for (ptrdiff_t i = 0; i < t->depth; i++, k++) {
        if (k % 2 == 0) FN(whole_weights)(panel, t->parts, k, column, &even, &odd);
        sum += row[t->taps[tap] + i] * (k % 2 == 0 ? even : odd);
      }
    vstore(sums + column, sum);
  }
}

static void FN(tiles_parts_plain)(const apus_tiles *t, const parts_rows *rows, ptrdiff_t panel_begin, ptrdiff_t panel_end) {
  _Alignas(64) float sums[16 * APUS_PANEL];
  for (ptrdiff_t panel = panel_begin; panel < panel_end; panel++)
    for (ptrdiff_t first = 0; first < rows->count; first += 16) {
      const ptrdiff_t count = apus_min(16, rows->count - first);
      for (ptrdiff_t i = 0; i < count; i++)
        FN(sum_row)(t, row_start(t, rows, first + i), (const uint16_t *)t->b + panel * t->panel_stride, sums + i * APUS_PANEL);
      finish_rows(t, rows, first, count, panel, apus_min(APUS_PANEL, t->columns - panel * APUS_PANEL), sums, APUS_PANEL);
    }
}
