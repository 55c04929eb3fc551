#include "internal/product.h"

#include "internal/parts.h"
#include "internal/schedule.h"

typedef struct job {
  const apus_product *product;
  apus_schedule schedule;
  apus_tiles_function tiles;
  const char *a, *b;
  char *c;
  const char *residual;
  char *scratch;
} job;

static void run_task(void *context, ptrdiff_t task, int32_t thread) {
  const job *j = context;
  const apus_product *p = j->product;
  const apus_schedule *s = &j->schedule;
  const ptrdiff_t panel_block = task % s->panel_blocks;
  task /= s->panel_blocks;
  const ptrdiff_t group = task % p->groups;
  task /= p->groups;
  const ptrdiff_t row_block = task % s->row_blocks;
  task /= s->row_blocks;
  const ptrdiff_t plane = task % p->planes, image = task / p->planes;

  const ptrdiff_t size = p->type == APUS_F32 ? 4 : 2, out_size = p->tiles.out_type == APUS_F32 ? 4 : 2;
  const ptrdiff_t c = group * p->c_group + image * p->c_image + plane * p->c_plane;
  apus_epilogue epilogue = *p->tiles.epilogue;
  if (epilogue.bias != NULL) epilogue.bias += group * p->tiles.columns;
  apus_tiles tiles = p->tiles;
  tiles.epilogue = &epilogue;
  tiles.a = j->a + (group * p->a_group + image * p->a_image + plane * p->a_plane) * size;
  tiles.b = j->b + (group * p->b_group + image * p->b_image) * (p->tiles.parts ? 2 : size);
  if (p->tiles.parts) tiles.scratch = j->scratch + (size_t)thread * apus_parts_scratch_bytes();
  tiles.c = j->c + c * out_size;
  tiles.residual = j->residual == NULL ? NULL : j->residual + c * out_size;

  const ptrdiff_t units = p->runs == 1 ? p->rows : p->runs;
  const ptrdiff_t panels = apus_ceil_div(p->tiles.columns, APUS_PANEL);
  const ptrdiff_t begin = row_block * s->row_block, end = apus_min(units, begin + s->row_block);
  apus_tile_range range = {
      .run_end = 1,
      .row_begin = begin,
      .row_end = end,
      .panel_begin = panel_block * s->panel_block,
      .panel_end = apus_min(panels, (panel_block + 1) * s->panel_block),
  };
  if (p->runs != 1) {
    range.run_begin = begin, range.run_end = end;
    range.row_begin = 0, range.row_end = p->rows;
  }
  j->tiles(&tiles, &range);
}

void apus_product_run(
    const apus_product *p, const void *a, const void *b, void *c, ptrdiff_t offset, void *scratch,
    apus_pool *pool) {
  if (p->runs <= 0 || p->rows <= 0 || p->tiles.columns <= 0) return;
  const ptrdiff_t size = p->type == APUS_F32 ? 4 : 2, out_size = p->tiles.out_type == APUS_F32 ? 4 : 2;
  const ptrdiff_t units = p->runs == 1 ? p->rows : p->runs, unit_rows = p->runs == 1 ? 1 : p->rows;
  const ptrdiff_t depth = p->tiles.tap_count * p->tiles.depth;
  const ptrdiff_t operand = size * (p->runs == 1 ? p->tiles.row_stride : p->tiles.run_stride);
  const ptrdiff_t result = out_size * (p->runs == 1 ? p->tiles.c_row_stride : p->tiles.c_run_stride);
  const ptrdiff_t copies = p->groups * p->images * p->planes;
  job j = {
      .product = p,
      .schedule = apus_schedule_make(
          copies, units, unit_rows, apus_ceil_div(p->tiles.columns, APUS_PANEL), depth, operand, result,
          p->tiles.parts ? 2 * apus_parts_panel_elements(depth, p->tiles.parts) : depth * APUS_PANEL * size, apus_pool_threads(pool),
          // Each task of parts takes its rows apart, and tiles of BF16 want large blocks.
          p->tiles.parts ? 1 : p->type == APUS_F32 ? 4 : 2),
      .tiles = p->tiles.parts ? apus_tiles_parts : p->type == APUS_F32 ? apus_tiles_f32() : apus_tiles_bf16(),
      .a = a,
      .b = b,
      .c = (char *)c + offset * out_size,
      .residual = p->tiles.epilogue->residual,
      .scratch = scratch,
  };
  if (j.residual != NULL) j.residual += offset * out_size;
  apus_pool_run(pool, copies * j.schedule.row_blocks * j.schedule.panel_blocks, run_task, &j);
}
