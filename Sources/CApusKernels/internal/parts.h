#ifndef APUS_PARTS_H
#define APUS_PARTS_H
#include "tiles.h"

// FP32 products on BF16 units: a number is the sum of three BF16 parts of eight bits each, high, middle and low. Of the
// nine products of parts the six largest are summed in FP32; those left out are below the last bit of the result. Two
// parts, high and low, and the three largest of their products keep sixteen bits.
// (Henry, Tang, Heinecke: Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision Computations,
// ARITH 2019.)

enum {
  APUS_MOST_PARTS = 3,
  /// Depth of one tile product, and elements of its operand tile of each part.
  APUS_PARTS_CHUNK = 32,
  APUS_PARTS_TILE = 16 * APUS_PARTS_CHUNK,
  /// Rows, depth and panels whose operands and sums are kept in scratch at a time.
  APUS_PARTS_ROWS = 128,
  APUS_PARTS_DEPTH = 512,
  APUS_PARTS_PANELS = 32,
};

/// BF16 elements of one packed panel: `[chunk][part][16 pairs][16 columns][2]`, filled up with zeros.
static inline ptrdiff_t apus_parts_panel_elements(ptrdiff_t depth, int parts) {
  return apus_ceil_div(depth, APUS_PARTS_CHUNK) * parts * APUS_PARTS_TILE;
}

/// Where the FP32 panel `[depth][16]` has to lie that `apus_parts_pack_panel` turns into parts in place.
static inline float *apus_parts_unpacked_panel(uint16_t *panel, ptrdiff_t depth, int parts) {
  return (float *)(panel + apus_parts_panel_elements(depth, parts)) - depth * APUS_PANEL;
}

/// Packs the panel that lies at the end of its place.
void apus_parts_pack_panel(uint16_t *panel, ptrdiff_t depth, int parts);

/// Bytes that each thread needs in `apus_tiles.scratch`.
size_t apus_parts_scratch_bytes(void);

/// `apus_tiles` with FP32 rows and panels of `parts` parts; `panel_stride` counts BF16 elements. Rows with numbers that have no
/// parts (infinite, above 2^127), and processors without tiles, take plain FP32 products.
void apus_tiles_parts(const apus_tiles *t, const apus_tile_range *r);
#endif
