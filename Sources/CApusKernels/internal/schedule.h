#ifndef APUS_SCHEDULE_H
#define APUS_SCHEDULE_H
#include "../include/apus_pool.h"
#include "levels.h"
#include "tiles.h"

/// How the rows and panels of one product are cut into tasks.
typedef struct apus_schedule {
  ptrdiff_t row_block, row_blocks, panel_block, panel_blocks;
} apus_schedule;

/// Cuts `units` rows (or runs of `unit_rows` rows each) and `panels` for `copies` equal products, so that a
/// block of rows stays in the second-level cache and every thread has `tasks_per_thread` tasks. `operand_bytes` and
/// `result_bytes` are those of a unit.
static inline apus_schedule apus_schedule_make(
    ptrdiff_t copies, ptrdiff_t units, ptrdiff_t unit_rows, ptrdiff_t panels, ptrdiff_t depth,
    ptrdiff_t operand_bytes, ptrdiff_t result_bytes, ptrdiff_t panel_bytes, int32_t threads,
    ptrdiff_t tasks_per_thread) {
  const ptrdiff_t unit_bytes = operand_bytes + result_bytes;
  // Weights that stay in the second-level cache allow small blocks of rows, whose results are then written
  // nearly in order; larger weights are better read seldom, and results pass through only once.
  const bool small = panel_bytes * panels <= 512 * 1024;
  const ptrdiff_t fitting =
      small ? 256 * 1024 / apus_max(unit_bytes, 1) : 1024 * 1024 / apus_max(operand_bytes, 1);
  const ptrdiff_t smallest = unit_rows >= 14 ? 1 : 14 / apus_max(unit_rows, 1);
  ptrdiff_t rows = apus_max(smallest, fitting);
  rows = apus_min(rows, units);
  // Equal blocks of whole tiles.
  rows = apus_ceil_div(units, apus_max(1, apus_ceil_div(units, apus_max(rows, 1))));
  if (unit_rows == 1) rows = apus_min(units, apus_round_up(rows, 14));
  ptrdiff_t block = panels;
  const bool split_panels = panel_bytes * panels > unit_bytes * units;
  const ptrdiff_t wanted = threads > 1 ? tasks_per_thread * threads : 1;
  while (copies * apus_ceil_div(units, apus_max(rows, 1)) * apus_ceil_div(panels, apus_max(block, 1)) < wanted) {
    // Tasks of a few microseconds at least.
    if (rows * unit_rows * block * APUS_PANEL * depth < 500000) break;
    const bool can_rows = rows >= 2 * smallest, can_panels = block > 2;
    if (!can_rows && !can_panels) break;
    if (can_panels && (split_panels || !can_rows)) block = apus_round_up(apus_ceil_div(block, 2), 2);
    else rows = apus_round_up(apus_ceil_div(rows, 2), smallest);
  }
  return (apus_schedule){
      .row_block = apus_max(rows, 1),
      .row_blocks = apus_ceil_div(units, apus_max(rows, 1)),
      .panel_block = apus_max(block, 1),
      .panel_blocks = apus_ceil_div(panels, apus_max(block, 1)),
  };
}
#endif
