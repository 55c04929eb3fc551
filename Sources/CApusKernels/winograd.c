#include "include/apus_winograd.h"

#include "internal/finish.h"
#include "internal/levels.h"
#include "internal/tiles.h"

enum {
  /// Positions of a transformed 4x4 tile.
  POSITIONS = 16,
  /// Output columns whose products are kept until they are transformed back.
  CHUNK = 4 * APUS_PANEL,
  /// Tiles that a transforming task reads.
  GROUP = 8,
};

/// How the tiles of all images are cut up. A round is a block of tiles for each thread: its transformed inputs are
/// multiplied by all weights before the next round, so they stay in the second-level cache, and so do the weights of a
/// chunk while the threads share it.
typedef struct winograd_plan {
  ptrdiff_t tile_rows, tile_columns, tiles;
  /// Tiles of a block, blocks of a round.
  ptrdiff_t block, blocks;
  /// Floats from one position to the next in a block, from one block to the next, and in a chunk's products.
  ptrdiff_t position, block_floats, product_floats;
} winograd_plan;

typedef struct winograd_job {
  const apus_winograd *conv;
  const winograd_plan *plan;
  const float *in, *packed, *zeros;
  const apus_epilogue *epilogue;
  float *out, *transformed, *products;
  apus_tiles_function tiles;
  /// First tile of the round, and the tile after its last.
  ptrdiff_t begin, end;
} winograd_job;

static winograd_plan make_plan(const apus_winograd *conv, ptrdiff_t threads) {
  winograd_plan p = {
      .tile_rows = apus_ceil_div(conv->out[0], 2), .tile_columns = apus_ceil_div(conv->out[1], 2)};
  p.tiles = conv->batch * p.tile_rows * p.tile_columns;
  const ptrdiff_t fitting = 704 * 1024 / (POSITIONS * 4 * apus_max(conv->in_channels, 1));
  const ptrdiff_t most = apus_max(14, fitting / 14 * 14);
  // Equal blocks, as many as threads at least, unless they become too small to be multiplied well.
  ptrdiff_t count = apus_ceil_div(p.tiles, most);
  const ptrdiff_t sensible = apus_max(1, p.tiles / 14);
  count = apus_max(1, apus_min(apus_round_up(count, threads), apus_max(count, sensible)));
  p.block = apus_max(1, apus_ceil_div(p.tiles, count));
  p.blocks = apus_min(threads, count);
  // Sixteen floats more: positions a power of two apart would share few lines of the first-level cache.
  p.position = p.block * conv->in_channels + 16;
  p.block_floats = POSITIONS * p.position;
  p.product_floats = POSITIONS * (p.block * CHUNK + 16);
  return p;
}

#define APUS_KERNEL "winograd.inc.h"
#include "internal/foreach_level.inc.h"

bool apus_winograd_valid(const apus_winograd *conv) {
  for (int i = 0; i < 2; i++)
    if (conv->in[i] < 0 || conv->out[i] < 0 || conv->pad[i] < 0) return false;
  return conv->batch >= 0 && conv->in_channels > 0 && conv->out_channels > 0 && conv->in_channels % 16 == 0 &&
         conv->out_channels % 16 == 0;
}

size_t apus_winograd_packed_bytes(const apus_winograd *conv) {
  return (size_t)(POSITIONS * conv->in_channels * conv->out_channels) * sizeof(float);
}

void apus_winograd_pack(const apus_winograd *conv, const float *weights, float *packed) {
  const ptrdiff_t panels = conv->out_channels / APUS_PANEL;
  for (ptrdiff_t o = 0; o < conv->out_channels; o++)
    for (ptrdiff_t c = 0; c < conv->in_channels; c++) {
      const float *g = weights + (o * conv->in_channels + c) * 9;
      double rows[4][3];
      for (int x = 0; x < 3; x++) {
        const double a = (double)g[x], b = (double)g[3 + x], d = (double)g[6 + x];
        rows[0][x] = a;
        rows[1][x] = (a + b + d) / 2;
        rows[2][x] = (a - b + d) / 2;
        rows[3][x] = d;
      }
      for (int y = 0; y < 4; y++) {
        const double *r = rows[y];
        const double u[4] = {r[0], (r[0] + r[1] + r[2]) / 2, (r[0] - r[1] + r[2]) / 2, r[2]};
        for (int x = 0; x < 4; x++) {
          const ptrdiff_t panel = (y * 4 + x) * panels + o / APUS_PANEL;
          packed[(panel * conv->in_channels + c) * APUS_PANEL + o % APUS_PANEL] = (float)u[x];
        }
      }
    }
}

size_t apus_winograd_workspace_bytes(const apus_winograd *conv, int32_t threads) {
  const winograd_plan p = make_plan(conv, apus_max(1, threads));
  const ptrdiff_t floats =
      conv->in_channels + p.blocks * p.block_floats + apus_max(1, threads) * p.product_floats;
  return (size_t)floats * sizeof(float);
}

void apus_winograd_nhwc(
    const apus_winograd *conv, const float *in, const float *packed, const apus_epilogue *epilogue, float *out,
    void *workspace, apus_pool *pool) {
  const winograd_plan p = make_plan(conv, apus_pool_threads(pool));
  if (p.tiles == 0) return;
  float *zeros = workspace;
  memset(zeros, 0, (size_t)conv->in_channels * sizeof(float));
  float *transformed = zeros + conv->in_channels;
  winograd_job job = {
      .conv = conv,
      .plan = &p,
      .in = in,
      .packed = packed,
      .zeros = zeros,
      .epilogue = epilogue,
      .out = out,
      .transformed = transformed,
      .products = transformed + p.blocks * p.block_floats,
      .tiles = apus_tiles_f32(),
  };
  const ptrdiff_t chunks = apus_ceil_div(conv->out_channels, CHUNK);
  for (job.begin = 0; job.begin < p.tiles; job.begin = job.end) {
    job.end = apus_min(p.tiles, job.begin + p.blocks * p.block);
    const ptrdiff_t count = job.end - job.begin;
    apus_pool_run(pool, apus_ceil_div(count, GROUP), APUS_SELECT_F32(winograd_transform), &job);
    apus_pool_run(pool, apus_ceil_div(count, p.block) * chunks, APUS_SELECT_F32(winograd_multiply), &job);
  }
}
