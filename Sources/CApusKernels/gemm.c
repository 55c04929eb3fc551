#include "include/apus_gemm.h"

#include "internal/conv_input.h"
#include "internal/parts.h"
#include "internal/product.h"
#include "internal/transpose.h"

/// Depth as stored: even for BF16.
static ptrdiff_t stored_depth(const apus_gemm *g) {
  return g->type == APUS_BF16 ? apus_round_up(g->k, 2) : g->k;
}

static bool copies_a(const apus_gemm *g) {
  return g->a_transposed || g->a_type != g->type || stored_depth(g) != g->k;
}

static ptrdiff_t a_copies(const apus_gemm *g) { return g->a_batch == 0 ? 1 : g->batch; }
static ptrdiff_t b_copies(const apus_gemm *g) { return g->b_batch == 0 ? 1 : g->batch; }

bool apus_gemm_valid(const apus_gemm *g) {
  if (g->batch < 0 || g->m < 0 || g->n < 0 || g->k < 0) return false;
  if (g->b_packed && g->b_batch != 0) return false;
  if (g->parts != 0 && (g->parts < 2 || g->parts > 3 || g->type != APUS_F32 || !g->b_packed)) return false;
  if (g->type == APUS_F32) return g->a_type == APUS_F32 && g->b_type == APUS_F32 && g->c_type == APUS_F32;
  return g->type == APUS_BF16 && g->a_type <= APUS_BF16 && g->b_type <= APUS_BF16 && g->c_type <= APUS_BF16;
}

/// Elements of a packed panel, and bytes of each.
static ptrdiff_t panel_elements(const apus_gemm *g) {
  return g->parts ? apus_parts_panel_elements(g->k, g->parts) : stored_depth(g) * APUS_PANEL;
}
static ptrdiff_t element_bytes(const apus_gemm *g) { return g->parts ? 2 : apus_dtype_bytes(g->type); }

size_t apus_gemm_packed_bytes(const apus_gemm *g) {
  return (size_t)(apus_ceil_div(g->n, APUS_PANEL) * panel_elements(g) * element_bytes(g));
}

static inline float read_element(const void *p, apus_dtype type, ptrdiff_t i) {
  return type == APUS_BF16 ? apus_bf16_to_f32(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

static inline void write_packed(void *panel, apus_dtype type, ptrdiff_t k, ptrdiff_t lane, float value) {
  if (type == APUS_F32) ((float *)panel)[k * APUS_PANEL + lane] = value;
  else ((uint16_t *)panel)[(k / 2 * APUS_PANEL + lane) * 2 + k % 2] = apus_f32_to_bf16(value);
}

/// Packs the panel that starts at column `column`.
static void pack_panel(const apus_gemm *g, const void *b, ptrdiff_t column, void *panel) {
  const ptrdiff_t columns = apus_min(APUS_PANEL, g->n - column), depth = stored_depth(g);
  if (columns < APUS_PANEL || depth != g->k)
    memset(panel, 0, (size_t)(depth * APUS_PANEL * apus_dtype_bytes(g->type)));
  if (g->b_transposed && g->type == APUS_F32) {
    apus_transpose_4((const float *)b + column * g->ldb, panel, g->k, columns, g->ldb, APUS_PANEL);
    if (g->alpha != 1)
      for (ptrdiff_t i = 0; i < g->k * APUS_PANEL; i++) ((float *)panel)[i] *= g->alpha;
    return;
  }
  const bool pairs = g->b_type == APUS_BF16 && g->alpha == 1 && g->k % 2 == 0 && g->ldb % 2 == 0;
  if (g->b_transposed && pairs) {
    // A pair of BF16 elements moves like one float.
    apus_transpose_4((const uint16_t *)b + column * g->ldb, panel, g->k / 2, columns, g->ldb / 2, APUS_PANEL);
    return;
  }
  if (g->b_transposed) {
    for (ptrdiff_t j = 0; j < columns; j++)
      for (ptrdiff_t k = 0; k < g->k; k++)
        write_packed(panel, g->type, k, j, g->alpha * read_element(b, g->b_type, (column + j) * g->ldb + k));
    return;
  }
  if (g->type == APUS_F32 && columns == APUS_PANEL) {
    const float *from = (const float *)b + column;
    float *to = panel;
    for (ptrdiff_t k = 0; k < g->k; k++, from += g->ldb, to += APUS_PANEL)
      for (int j = 0; j < APUS_PANEL; j++) to[j] = from[j] * g->alpha;
    return;
  }
  for (ptrdiff_t k = 0; k < g->k; k++)
    for (ptrdiff_t j = 0; j < columns; j++)
      write_packed(panel, g->type, k, j, g->alpha * read_element(b, g->b_type, k * g->ldb + column + j));
}

void apus_gemm_pack(const apus_gemm *g, const void *b, void *packed) {
  const ptrdiff_t bytes = panel_elements(g) * element_bytes(g);
  for (ptrdiff_t panel = 0; panel < apus_ceil_div(g->n, APUS_PANEL); panel++) {
    void *place = (char *)packed + panel * bytes;
    if (!g->parts) {
      pack_panel(g, b, panel * APUS_PANEL, place);
      continue;
    }
    pack_panel(g, b, panel * APUS_PANEL, apus_parts_unpacked_panel(place, g->k, g->parts));
    apus_parts_pack_panel(place, g->k, g->parts);
  }
}

typedef struct preparation {
  const apus_gemm *gemm;
  const char *a, *b;
  char *a_to, *b_to;
} preparation;

static void pack_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const preparation *p = context;
  const apus_gemm *g = p->gemm;
  const ptrdiff_t panels = apus_ceil_div(g->n, APUS_PANEL), panel = task % panels, image = task / panels;
  const ptrdiff_t bytes = stored_depth(g) * APUS_PANEL * apus_dtype_bytes(g->type);
  const char *b = p->b + image * g->b_batch * apus_dtype_bytes(g->b_type);
  pack_panel(g, b, panel * APUS_PANEL, p->b_to + task * bytes);
}

/// Copies 16 rows of op(A), converted, with an even number of columns for BF16.
static void copy_task(void *context, ptrdiff_t task, int32_t thread) {
  (void)thread;
  const preparation *p = context;
  const apus_gemm *g = p->gemm;
  const ptrdiff_t blocks = apus_ceil_div(g->m, 16), block = task % blocks, image = task / blocks;
  const ptrdiff_t depth = stored_depth(g), begin = block * 16, end = apus_min(g->m, begin + 16);
  const char *a = p->a + image * g->a_batch * apus_dtype_bytes(g->a_type);
  char *to = p->a_to + image * g->m * depth * apus_dtype_bytes(g->type);
  const ptrdiff_t row_step = g->a_transposed ? 1 : g->lda, step = g->a_transposed ? g->lda : 1;
  for (ptrdiff_t k = 0; k < g->k; k++)
    for (ptrdiff_t i = begin; i < end; i++) {
      const float value = read_element(a, g->a_type, i * row_step + k * step);
      if (g->type == APUS_F32) ((float *)to)[i * depth + k] = value;
      else ((uint16_t *)to)[i * depth + k] = apus_f32_to_bf16(value);
    }
  if (depth != g->k)
    for (ptrdiff_t i = begin; i < end; i++) ((uint16_t *)to)[i * depth + g->k] = 0;
}

static size_t a_workspace(const apus_gemm *g) {
  if (!copies_a(g)) return 0;
  return (size_t)apus_round_up(a_copies(g) * g->m * stored_depth(g) * apus_dtype_bytes(g->type), 64);
}

size_t apus_gemm_workspace_bytes(const apus_gemm *g, int32_t threads) {
  const size_t b = g->b_packed ? 0 : (size_t)b_copies(g) * apus_gemm_packed_bytes(g);
  const size_t parts = g->parts ? (size_t)apus_max(1, threads) * apus_parts_scratch_bytes() : 0;
  return a_workspace(g) + b + parts + 64;
}

void apus_gemm_run(
    const apus_gemm *g, const void *a, const void *b, const apus_epilogue *epilogue, void *c,
    void *workspace, apus_pool *pool) {
  if (g->batch == 0 || g->m == 0 || g->n == 0) return;
  const ptrdiff_t depth = stored_depth(g), panels = apus_ceil_div(g->n, APUS_PANEL);
  preparation p = {
      .gemm = g, .a = a, .b = b, .a_to = workspace, .b_to = (char *)workspace + a_workspace(g)};
  ptrdiff_t lda = g->lda, a_batch = g->a_batch;
  if (copies_a(g)) {
    apus_pool_run(pool, a_copies(g) * apus_ceil_div(g->m, 16), copy_task, &p);
    a = p.a_to;
    lda = depth;
    a_batch = g->a_batch == 0 ? 0 : g->m * depth;
  }
  if (!g->b_packed) {
    apus_pool_run(pool, b_copies(g) * panels, pack_task, &p);
    b = p.b_to;
  }
  const ptrdiff_t tap = 0;
  apus_product product = {
      .tiles =
          {
              .taps = &tap,
              .tap_count = 1,
              .depth = depth,
              .row_stride = lda,
              .panel_stride = panel_elements(g),
              .c_row_stride = g->ldc,
              .columns = g->n,
              .out_type = g->c_type,
              .epilogue = epilogue,
              .parts = g->parts,
          },
      .type = g->type,
      .groups = 1,
      .images = g->batch,
      .planes = 1,
      .runs = 1,
      .rows = g->m,
      .a_image = a_batch,
      .b_image = g->b_batch == 0 ? 0 : panels * depth * APUS_PANEL,
      .c_image = g->c_batch,
  };
  if (g->b_batch == 0 && g->batch > 1 && a_batch == g->m * lda && g->c_batch == g->m * g->ldc) {
    // One B for all: the batch is more rows.
    product.rows = g->batch * g->m;
    product.images = 1;
  }
  apus_product_run(&product, a, b, c, 0, p.b_to, pool);
}
