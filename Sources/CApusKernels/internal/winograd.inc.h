// Winograd's transforms at the level being compiled.

/// Transforms one 4x4 tile of all channels: `Bᵀ d B`.
static void FN(winograd_tile)(const winograd_job *job, ptrdiff_t tile, float *to) {
  const apus_winograd *conv = job->conv;
  const winograd_plan *p = job->plan;
  const ptrdiff_t column = tile % p->tile_columns, row = tile / p->tile_columns % p->tile_rows;
  const float *image = job->in + tile / (p->tile_columns * p->tile_rows) * conv->in[0] * conv->in[1] * conv->in_channels;
  const float *pixels[4][4];
  for (int y = 0; y < 4; y++)
    for (int x = 0; x < 4; x++) {
      const ptrdiff_t iy = row * 2 + y - conv->pad[0], ix = column * 2 + x - conv->pad[1];
      const bool inside = iy >= 0 && iy < conv->in[0] && ix >= 0 && ix < conv->in[1];
      pixels[y][x] = inside ? image + (iy * conv->in[1] + ix) * conv->in_channels : job->zeros;
    }
  for (ptrdiff_t c = 0; c < conv->in_channels; c += APUS_LANES) {
    vf d[4][4];
#pragma clang loop unroll(full)
    for (int y = 0; y < 4; y++) {
      const vf a = vload(pixels[y][0] + c), b = vload(pixels[y][1] + c), e = vload(pixels[y][2] + c);
      const vf f = vload(pixels[y][3] + c);
      d[y][0] = a - e;
      d[y][1] = b + e;
      d[y][2] = e - b;
      d[y][3] = b - f;
    }
#pragma clang loop unroll(full)
    for (int x = 0; x < 4; x++) {
      vstore(to + x * p->position + c, d[0][x] - d[2][x]);
      vstore(to + (4 + x) * p->position + c, d[1][x] + d[2][x]);
      vstore(to + (8 + x) * p->position + c, d[2][x] - d[1][x]);
      vstore(to + (12 + x) * p->position + c, d[1][x] - d[3][x]);
    }
  }
}

/// Transforms the inputs of a group of tiles.
static void FN(winograd_transform)(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const winograd_job *job = context;
  const winograd_plan *p = job->plan;
  const ptrdiff_t end = apus_min(job->end - job->begin, (task + 1) * GROUP);
  for (ptrdiff_t i = task * GROUP; i < end; i++) {
    float *to = job->transformed + i / p->block * p->block_floats + i % p->block * job->conv->in_channels;
    FN(winograd_tile)(job, job->begin + i, to);
  }
}

/// Transforms the products of one tile back, `Aᵀ m A`, into 2x2 pixels of `columns` channels, and finishes them.
static void FN(winograd_restore)(
    const winograd_job *job, ptrdiff_t tile, const float *products, ptrdiff_t stride, ptrdiff_t first, ptrdiff_t columns) {
  const apus_winograd *conv = job->conv;
  const winograd_plan *p = job->plan;
  float pixels[2][2 * CHUNK];
  for (ptrdiff_t j = 0; j < columns; j += APUS_LANES) {
    vf s[2][4];
#pragma clang loop unroll(full)
    for (int x = 0; x < 4; x++) {
      const vf a = vload(products + x * stride + j), b = vload(products + (4 + x) * stride + j);
      const vf d = vload(products + (8 + x) * stride + j), e = vload(products + (12 + x) * stride + j);
      s[0][x] = a + b + d;
      s[1][x] = b - d - e;
    }
#pragma clang loop unroll(full)
    for (int y = 0; y < 2; y++) {
      vstore(pixels[y] + j, s[y][0] + s[y][1] + s[y][2]);
      vstore(pixels[y] + CHUNK + j, s[y][1] - s[y][2] - s[y][3]);
    }
  }
  const ptrdiff_t column = tile % p->tile_columns * 2, row = tile / p->tile_columns % p->tile_rows * 2;
  const ptrdiff_t image = tile / (p->tile_columns * p->tile_rows);
  const apus_epilogue *e = job->epilogue;
  for (ptrdiff_t y = 0; y < apus_min(2, conv->out[0] - row); y++) {
    const ptrdiff_t at = ((image * conv->out[0] + row + y) * conv->out[1] + column) * conv->out_channels + first;
    const apus_finish finish = {
        .tile = pixels[y],
        .tile_stride = CHUNK,
        .rows = apus_min(2, conv->out[1] - column),
        .columns = columns,
        .bias = e->bias == NULL ? NULL : e->bias + first,
        .out = job->out + at,
        .residual = e->residual == NULL ? NULL : (const float *)e->residual + at,
        .out_stride = conv->out_channels,
        .out_type = APUS_F32,
        .epilogue = e,
    };
    FN(apus_finish)(&finish);
  }
}

/// Multiplies a block of tiles by a chunk of the weights, position by position, and transforms the products back.
static void FN(winograd_multiply)(void *context, ptrdiff_t task, int32_t thread) {
  const winograd_job *job = context;
  const apus_winograd *conv = job->conv;
  const winograd_plan *p = job->plan;
  const ptrdiff_t blocks = apus_ceil_div(job->end - job->begin, p->block), block = task % blocks;
  const ptrdiff_t panels = conv->out_channels / APUS_PANEL, panel = task / blocks * (CHUNK / APUS_PANEL);
  const ptrdiff_t wide = apus_min(CHUNK / APUS_PANEL, panels - panel);
  const ptrdiff_t begin = job->begin + block * p->block, count = apus_min(p->block, job->end - begin);
  const ptrdiff_t stride = p->block * CHUNK + 16, tap = 0;
  float *products = job->products + thread * p->product_floats;
  const apus_epilogue plain = {0};
  const apus_tile_range range = {.run_end = 1, .row_end = count, .panel_end = wide};
  for (ptrdiff_t i = 0; i < POSITIONS; i++) {
    const apus_tiles tiles = {
        .a = job->transformed + block * p->block_floats + i * p->position,
        .taps = &tap,
        .tap_count = 1,
        .depth = conv->in_channels,
        .row_stride = conv->in_channels,
        .b = job->packed + (i * panels + panel) * conv->in_channels * APUS_PANEL,
        .panel_stride = conv->in_channels * APUS_PANEL,
        .c = products + i * stride,
        .c_row_stride = CHUNK,
        .columns = wide * APUS_PANEL,
        .out_type = APUS_F32,
        .epilogue = &plain,
    };
    job->tiles(&tiles, &range);
  }
  for (ptrdiff_t i = 0; i < count; i++)
    FN(winograd_restore)(job, begin + i, products + i * CHUNK, stride, panel * APUS_PANEL, wide * APUS_PANEL);
}
