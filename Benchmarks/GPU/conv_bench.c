// Checks and times the convolution and matrix-product kernels: `conv_bench KERNELS check|time [filter]`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gpu.h"

enum { F32, F16, BF16, TF32, F32X3 };
static const char *const type_names[] = {"F32", "F16", "BF16", "TF32", "F32X3"};
static const int sizes[] = {4, 2, 2, 4, 4};
enum { MMA, SIMT, WGMMA };
static const char *const files[] = {"conv_mma", "conv_simt", "conv_wgmma"};

typedef struct problem {
  const char *name;
  int n, h, w, c, oc, k, s, p;
  // Defaults of zero: dilation 1, strides packed, one batch.
  int kw, dil, in_stride, out_stride, act, residual, upsample, gate, type, batches, groups, b_major, pad_right, levels;
  int times;
} problem;

typedef struct variant {
  int kernel, m, n, kb, wm, wn, stages, splits, mode, tm, tn, loader, bps;
  // Warps along the reduction; 0 is 1.
  int wk;
} variant;

typedef struct shape {
  int oh, ow, kw, dil, in_stride, out_stride, cg, ocg, batches, a_batch, b_batch, c_batch, out_type;
  long long rows, in_count, w_count, out_count;
} shape;

// Sets of image sizes for problems over several levels; `levels` is 1 + the index of the set.
static const int level_count[2] = {3, 5};
static const int level_hs[2][5] = {{19, 10, 5}, {60, 30, 15, 8, 4}}, level_ws[2][5] = {{23, 12, 6}, {80, 40, 20, 10, 5}};

static shape shape_of(const problem *p) {
  shape s = {0};
  s.kw = p->kw ? p->kw : p->k;
  s.dil = p->dil ? p->dil : 1;
  s.oh = (p->h + 2 * p->p - s.dil * (p->k - 1) - 1) / p->s + 1;
  s.ow = (p->w + 2 * (p->kw ? 0 : p->p) + p->pad_right - s.dil * (s.kw - 1) - 1) / p->s + 1;
  s.batches = p->groups ? p->groups : p->batches ? p->batches : 1;
  s.cg = p->groups ? p->c / p->groups : p->c;
  s.ocg = p->groups ? p->oc / p->groups : p->oc;
  s.in_stride = p->in_stride ? p->in_stride : p->c;
  s.out_stride = p->out_stride ? p->out_stride : p->oc;
  const int K = p->k * s.kw * s.cg;
  s.rows = (long long)p->n * s.oh * s.ow;
  s.in_count = (long long)p->n * p->h * p->w * s.in_stride;
  s.w_count = (long long)K * s.ocg;
  s.out_count = s.rows * s.out_stride;
  if (p->groups) s.a_batch = s.cg, s.b_batch = K * s.ocg, s.c_batch = s.ocg;
  if (p->batches > 1) s.a_batch = s.in_count, s.b_batch = s.w_count, s.c_batch = s.out_count;
  s.in_count *= p->batches > 1 ? p->batches : 1;
  s.out_count *= p->batches > 1 ? p->batches : 1;
  s.w_count *= s.batches;
  s.out_type = p->type >= TF32 ? F32 : p->type;
  return s;
}

static void describe(unit *u, const problem *p, const variant *v) {
  const shape s = shape_of(p);
  char *d = u->defines;
  snprintf(u->file, sizeof u->file, "%s.cu", files[v->kernel]);
  snprintf(u->entry, sizeof u->entry, "%s", files[v->kernel]);
  d += sprintf(d,
               "-DIN_TYPE=%s -DOUT_TYPE=%s -DRES_TYPE=%s -DIMAGES=%d -DIN_H=%d -DIN_W=%d -DIN_C=%d -DIN_STRIDE=%d "
               "-DOUT_H=%d -DOUT_W=%d -DOUT_C=%d -DOUT_STRIDE=%d -DRES_STRIDE=%d -DKERNEL_H=%d -DKERNEL_W=%d -DSTRIDE_H=%d "
               "-DSTRIDE_W=%d -DPAD_T=%d -DPAD_L=%d -DDILATE_H=%d -DDILATE_W=%d -DBIAS=1 -DACTIVATION=%d -DALPHA=0.1f "
               "-DBETA=0.7f -DRESIDUAL=%d -DRES_UPSAMPLE=%d -DCONSTANT_B=%d -DGATE=%d -DB_MAJOR=%d -DBATCHES=%d "
               "-DA_BATCH=%d -DB_BATCH=%d -DC_BATCH=%d -DSPLITS=%d -DSPLIT_MODE=%d -DTILE_N=%d -DFAST_MATH=%d ",
               type_names[p->type], type_names[s.out_type], type_names[s.out_type], p->n, p->h, p->w, s.cg, s.in_stride,
               s.oh, s.ow, s.ocg, s.out_stride, s.out_stride, p->k, s.kw, p->s, p->s, p->p, p->kw ? 0 : p->p, s.dil, s.dil,
               p->act, p->residual, p->upsample ? p->upsample : 1, !p->b_major, p->gate, p->b_major, s.batches, s.a_batch,
               s.b_batch, s.c_batch, v->splits, v->mode, v->n, p->type != F32 && p->type != F32X3);
  if (v->kernel == MMA)
    d += sprintf(d, "-DTILE_M=%d -DTILE_KB=%d -DWARPS_M=%d -DWARPS_N=%d -DSTAGES=%d -DWARPS_K=%d ", v->m, v->kb, v->wm, v->wn, v->stages,
                 v->wk ? v->wk : 1);
  if (v->kernel == SIMT)
    d += sprintf(d, "-DTILE_M=%d -DTILE_K=%d -DTHREAD_M=%d -DTHREAD_N=%d ", v->m, v->kb, v->tm, v->tn);
  if (v->kernel == WGMMA) d += sprintf(d, "-DSTAGES=%d -DLOADER=%d -DBLOCKS_PER_SM=%d ", v->stages, v->loader, v->bps);
  if (p->levels) {
    const int l = p->levels - 1;
    d += sprintf(d, "-DLEVELS=%d -DLEVEL_H=", level_count[l]);
    for (int i = 0; i < level_count[l]; i++) d += sprintf(d, "%s%d", i ? "," : "", level_hs[l][i]);
    d += sprintf(d, " -DLEVEL_W=");
    for (int i = 0; i < level_count[l]; i++) d += sprintf(d, "%s%d", i ? "," : "", level_ws[l][i]);
    d += sprintf(d, " ");
  }
}

static int larger(int a, int b) { return a > b ? a : b; }

static long long rows_of(const problem *p, const shape *s) {
  if (!p->levels) return s->rows;
  long long rows = 0;
  for (int i = 0; i < level_count[p->levels - 1]; i++)
    rows += level_hs[p->levels - 1][i] * level_ws[p->levels - 1][i];
  return rows;
}

static apus_cuda_launch geometry(const problem *p, const variant *v) {
  const shape s = shape_of(p);
  const int m = v->kernel == WGMMA ? 128 : v->m;
  apus_cuda_launch l = {0};
  l.grid[0] = (s.ocg + v->n - 1) / v->n;
  l.grid[1] = (rows_of(p, &s) + m - 1) / m;
  l.grid[2] = s.batches * v->splits;
  l.block[1] = l.block[2] = 1;
  const int stage = m * (v->n + 8) * 4;
  if (v->kernel == MMA) {
    int images = m / (s.oh * s.ow) + 2;
    if (images > p->n) images = p->n;
    const int wk = v->wk ? v->wk : 1;
    l.block[0] = 32 * v->wm * v->wn * wk;
    l.shared_bytes = larger(v->stages * (m + v->n) * v->kb + p->gate * images * s.cg * sizes[p->type], wk * stage);
  }
  if (v->kernel == SIMT)
    l.block[0] = (m / v->tm) * (v->n / v->tn), l.shared_bytes = larger(2 * v->kb * (m + v->n + 8) * 4, stage);
  if (v->kernel == WGMMA)
    l.block[0] = v->loader == 2 ? 384 : 288, l.shared_bytes = 1024 + larger(v->stages * (128 + v->n) * 128, stage);
  if (v->mode == 1) l.cluster[0] = l.cluster[1] = 1, l.cluster[2] = v->splits;
  l.programmatic = 1;
  return l;
}

typedef struct buffers {
  uint64_t a, b, bias, residual, gate, out, out2, ref, workspace, tickets;
  long long b_bytes;
  int b_copies;
} buffers;

static buffers allocate(const problem *p, int copies, int reference) {
  const shape s = shape_of(p);
  buffers x = {0};
  long long in = s.in_count, out = s.out_count;
  if (p->levels) {
    in = 0;
    in = rows_of(p, &s) * s.in_stride;
    out = rows_of(p, &s) * s.out_stride;
  }
  const int es = sizes[p->type], os = sizes[s.out_type], t = p->type >= TF32 ? F32 : p->type;
  x.b_bytes = (s.w_count * es + 255) / 256 * 256;
  x.b_copies = copies;
  x.a = device_alloc(in * es), x.b = device_alloc(x.b_bytes * copies), x.bias = device_alloc(4 * p->oc * 4);
  x.residual = device_alloc(out * os), x.gate = device_alloc((long long)p->n * p->c * es);
  x.out = device_alloc(out * os), x.out2 = device_alloc(out * os);
  if (reference) x.ref = device_alloc(out * 4);
  x.workspace = device_alloc(256ll << 20), x.tickets = device_alloc(1 << 20);
  check(cu->fill8_async(x.tickets, 0, 1 << 20, stream), "tickets");
  fill(x.a, in, t, 1, 1), fill(x.residual, out, s.out_type, 1, 3), fill(x.gate, (long long)p->n * p->c, t, 1, 4);
  fill(x.bias, p->oc, F32, 1, 5);
  const float scale = 1.7f / __builtin_sqrtf(p->k * s.kw * s.cg);
  fill(x.b, x.b_bytes / es * copies, t, scale, 2);
  return x;
}

typedef struct chain {
  kernel k;
  apus_cuda_launch l;
  const problem *p;
  const variant *v;
  buffers *x;
  apus_cuda_tensor_map map_a, maps_b[32];
  int result;
} chain;

static int tensor_type(int t) {
  return t == F16 ? APUS_CUDA_TENSOR_FLOAT16 : t == BF16 ? APUS_CUDA_TENSOR_BFLOAT16 : APUS_CUDA_TENSOR_FLOAT32;
}

static int prepare(chain *c) {
  const problem *p = c->p;
  const shape s = shape_of(p);
  if (c->v->kernel != WGMMA) return 0;
  const uint64_t es = sizes[p->type];
  const uint32_t box[2] = {128 / es, 128}, box_b[2] = {128 / es, (uint32_t)c->v->n};
  const uint64_t K = (uint64_t)p->k * s.kw * s.cg;
  for (int i = 0; i < c->x->b_copies && i < 32; i++) {
    const uint64_t dims[2] = {K, (uint64_t)s.ocg}, strides[1] = {K * es};
    const int r = apus_cuda_encode_tiled(cu, c->maps_b[i].words, tensor_type(p->type), 2, c->x->b + i * c->x->b_bytes, dims,
                                         strides, box_b, APUS_CUDA_SWIZZLE_128B, APUS_CUDA_L2_PROMOTION_256B);
    if (r) return r;
  }
  if (c->v->loader == 0) {
    const uint64_t dims[2] = {(uint64_t)s.cg, (uint64_t)s.rows}, strides[1] = {s.in_stride * es};
    return apus_cuda_encode_tiled(cu, c->map_a.words, tensor_type(p->type), 2, c->x->a, dims, strides, box,
                                  APUS_CUDA_SWIZZLE_128B, APUS_CUDA_L2_PROMOTION_256B);
  }
  if (c->v->loader == 1) {
    const apus_cuda_im2col im = {
        .element_type = tensor_type(p->type),
        .element_bytes = (int)es,
        .batch = p->n,
        .height = p->h,
        .width = p->w,
        .channels = s.cg,
        .kernel = {p->k, s.kw},
        .stride = {p->s, p->s},
        .dilation = {s.dil, s.dil},
        .padding = {p->p, p->kw ? 0 : p->p, p->p, (p->kw ? 0 : p->p) + p->pad_right},
        .channels_per_copy = box[0],
        .pixels_per_copy = 128,
        .swizzle = APUS_CUDA_SWIZZLE_128B,
        .promotion = APUS_CUDA_L2_PROMOTION_256B,
    };
    return apus_cuda_encode_im2col(cu, c->map_a.words, c->x->a, &im);
  }
  return 0;
}

static void run(void *context, int i) {
  chain *c = context;
  uint64_t b = c->x->b + i % c->x->b_copies * c->x->b_bytes, out = i & 1 ? c->x->out2 : c->x->out;
  void *plain[] = {&c->x->a, &b, &c->x->bias, &c->x->residual, &c->x->gate, &out, &c->x->workspace, &c->x->tickets};
  void *hopper[] = {&c->map_a, &c->maps_b[i % c->x->b_copies % 32], &c->x->a, &c->x->bias, &c->x->residual, &out,
                    &c->x->workspace, &c->x->tickets};
  const int r = launch(c->k, c->l, c->v->kernel == WGMMA ? hopper : plain);
  if (r && !c->result) c->result = r;
}

typedef struct reference_problem {
  int images, h, w, c, in_stride, oh, ow, oc, out_stride, kh, kw, sh, sw, pt, pl, dh, dw;
  int batches, a_batch, b_batch, c_batch;
  int act, residual, upsample, bias, gate, in_type, out_type, b_major, depthwise;
  float alpha, beta;
} reference_problem;

static void reference(const problem *p, buffers *x) {
  const shape s = shape_of(p);
  const int t = p->type >= TF32 ? F32 : p->type;
  reference_problem r = {p->n, p->h, p->w, s.cg, s.in_stride, s.oh, s.ow, s.ocg, s.out_stride, p->k, s.kw, p->s, p->s, p->p,
                         p->kw ? 0 : p->p, s.dil, s.dil, s.batches, s.a_batch, s.b_batch, s.c_batch, p->act, p->residual,
                         p->upsample ? p->upsample : 1, 1, p->gate, t, s.out_type, p->b_major, 0, 0.1f, 0.7f};
  uint64_t a = x->a, res = x->residual, out = x->ref;
  for (int i = 0; i < (p->levels ? level_count[p->levels - 1] : 1); i++) {
    if (p->levels) {
      r.h = level_hs[p->levels - 1][i], r.w = level_ws[p->levels - 1][i];
      r.oh = (r.h + 2 * p->p - p->k) / p->s + 1, r.ow = (r.w + 2 * p->p - p->k) / p->s + 1;
    }
    void *args[] = {&r, &a, &x->b, &x->bias, &res, &x->gate, &out};
    check(launch(reference_kernel("reference_conv"), (apus_cuda_launch){.grid = {4096, 1, 1}, .block = {128, 1, 1}}, args),
          "reference");
    a += (long long)r.h * r.w * s.in_stride * sizes[t];
    res += (long long)r.oh * r.ow * s.out_stride * sizes[s.out_type];
    out += (long long)r.oh * r.ow * s.out_stride * 4;
  }
  check(cu->stream_synchronize(stream), "reference");
}

/// Runs one variant once on poisoned output and compares; returns whether it is right.
static int right(chain *c, const char *label, int quiet) {
  const problem *p = c->p;
  const shape s = shape_of(p);
  const double limit[] = {2e-6, 6e-4, 5e-3, 8e-4, 2e-6};
  long long rows = rows_of(p, &s) * (p->batches > 1 ? p->batches : 1);
  check(cu->fill8_async(c->x->out, 0xff, rows * s.out_stride * sizes[s.out_type], stream), "poison");
  c->result = prepare(c);
  if (!c->result) run(c, 0);
  const int done = cu->stream_synchronize(stream);
  if (c->result || done) {
    printf("FAIL %s %s: launch error %d %d\n", p->name, label, c->result, done);
    if (done) exit(1);
    return 0;
  }
  const error_stats e = compare(c->x->out, s.out_type, c->x->ref, rows, p->oc, s.out_stride);
  const int ok = e.bad == 0 && e.relative < limit[p->type];
  if (!ok || !quiet)
    printf("%s %s %s: relative %.2e worst %.2e bad %.0f\n", ok ? "ok" : "FAIL", p->name, label, e.relative, e.worst, e.bad);
  return ok;
}

static void label_of(char *to, const variant *v) {
  if (v->kernel == MMA)
    sprintf(to, "mma %dx%dx%d w%dx%dx%d s%d", v->m, v->n, v->kb, v->wm, v->wn, v->wk ? v->wk : 1, v->stages);
  else if (v->kernel == SIMT)
    sprintf(to, "simt %dx%dx%d t%dx%d", v->m, v->n, v->kb, v->tm, v->tn);
  else
    sprintf(to, "wgmma 128x%d s%d L%d B%d", v->n, v->stages, v->loader, v->bps);
  if (v->mode) sprintf(to + strlen(to), " split%d%s", v->splits, v->mode == 1 ? "c" : "w");
}

#include "conv_cases.h"

static int add_variants(const problem *p, variant *out) {
  const shape s = shape_of(p);
  const int K = p->k * s.kw * s.cg, kt = (K * sizes[p->type] + 127) / 128;
  int n = 0;
  const variant tiles[] = {
      {MMA, 32, 32, 128, 2, 2, 4}, {MMA, 64, 32, 128, 2, 2, 4}, {MMA, 32, 64, 128, 2, 2, 4},  {MMA, 64, 64, 128, 2, 2, 4},
      {MMA, 128, 32, 128, 4, 1, 4}, {MMA, 64, 128, 128, 2, 2, 4}, {MMA, 128, 64, 128, 2, 2, 4}, {MMA, 128, 128, 128, 2, 4, 3},
      {MMA, 128, 128, 64, 2, 2, 4}, {MMA, 64, 64, 64, 2, 2, 6},   {MMA, 16, 64, 128, 1, 4, 4}, {MMA, 16, 128, 128, 1, 4, 4},
      {MMA, 32, 32, 128, 2, 2, 8},  {MMA, 32, 32, 128, 2, 2, 12}, {MMA, 64, 32, 128, 2, 2, 8}, {MMA, 16, 64, 128, 1, 4, 8},
      {MMA, 32, 64, 128, 2, 2, 8},  {MMA, 64, 64, 128, 2, 2, 6},  {MMA, 16, 32, 128, 1, 2, 8}, {MMA, 16, 128, 128, 1, 4, 6},
      {MMA, 32, 32, 128, 1, 1, 8, .wk = 4}, {MMA, 32, 32, 128, 1, 2, 8, .wk = 4}, {MMA, 32, 32, 128, 1, 1, 4, .wk = 4},
      {MMA, 64, 32, 128, 2, 1, 8, .wk = 2}, {MMA, 64, 64, 128, 2, 2, 6, .wk = 2}, {MMA, 32, 64, 128, 1, 2, 8, .wk = 4},
      {MMA, 16, 32, 128, 1, 1, 8, .wk = 4}, {MMA, 16, 64, 128, 1, 2, 8, .wk = 4}, {MMA, 64, 64, 128, 2, 2, 4, .wk = 4}};
  const variant simt[] = {{SIMT, 64, 64, 16, .tm = 4, .tn = 4}, {SIMT, 128, 64, 16, .tm = 8, .tn = 4},
                          {SIMT, 128, 128, 8, .tm = 8, .tn = 8}, {SIMT, 32, 64, 16, .tm = 4, .tn = 4}};
  const int split_counts[] = {1, 2, 4, 8};
  for (int i = 0; i < 4; i++) {
    const int splits = split_counts[i], mode = splits > 1;
    if (splits > 1 && (splits > kt / 2 || s.batches > 1)) continue;
    for (size_t t = 0; p->type != F32 && t < sizeof tiles / sizeof *tiles; t++) {
      variant v = tiles[t];
      v.splits = splits, v.mode = mode;
      const long long blocks = (rows_of(p, &s) + v.m - 1) / v.m * ((s.ocg + v.n - 1) / v.n) * splits;
      if (blocks > 132 * 2 && splits > 1) continue;
      if (blocks > 132 * 24 && v.m * v.n < 128 * 64) continue;
      if (blocks < 24) continue;
      if (v.n > s.ocg * 2 || (v.stages > 6 && v.stages / 2 >= (kt + splits - 1) / splits)) continue;
      out[n++] = v;
    }
    for (size_t t = 0; p->type == F32 && t < 4; t++) {
      variant v = simt[t];
      v.splits = splits, v.mode = mode;
      const long long blocks = (rows_of(p, &s) + v.m - 1) / v.m * ((s.ocg + v.n - 1) / v.n) * splits;
      if ((blocks > 264 && splits > 1) || (blocks > 132 * 16 && v.m * v.n < 128 * 128) || blocks < 16) continue;
      out[n++] = v;
    }
    const int widths[] = {64, 128, 192, 256};
    for (int w = 0; p->type != F32 && p->type != F32X3 && w < 4; w++)
      for (int bps = 1; bps <= 2; bps++)
        for (int loader = 0; loader < 3; loader++) {
          const int point = p->k == 1 && s.kw == 1 && p->s == 1 && p->p == 0;
          if (s.batches > 1 || p->gate || p->b_major) continue;
          if (loader == 0 && !point) continue;
          if (loader == 1 && (point || s.cg * sizes[p->type] % 128)) continue;
          if (loader == 2 && (point || (!p->levels && s.cg * sizes[p->type] % 128 == 0 && bps == 2))) continue;
          if (p->levels && loader != 2) continue;
          if (bps == 2 && (widths[w] > 128 || (loader == 2 && widths[w] > 64))) continue;
          const long long blocks = (rows_of(p, &s) + 127) / 128 * ((s.ocg + widths[w] - 1) / widths[w]) * splits;
          if (blocks < 24 || (blocks > 264 && splits > 1) || widths[w] > 2 * s.ocg) continue;
          if (widths[w] == 192 && s.ocg % 192) continue;
          const int room = (bps == 2 ? 112 : 226) * 1024 - 2048;
          int stages = room / ((128 + widths[w]) * 128);
          if (stages > 8) stages = 8;
          if (stages > (kt + splits - 1) / splits + 1) stages = larger(2, (kt + splits - 1) / splits + 1);
          out[n++] = (variant){WGMMA, 128, widths[w], .stages = stages, .splits = splits, .mode = mode, .loader = loader, .bps = bps};
        }
  }
  return n;
}

static void check_all(void) {
  const int count = sizeof checks / sizeof *checks;
  unit *units = calloc(count, sizeof *units);
  for (int i = 0; i < count; i++) describe(units + i, &checks[i].p, &checks[i].v);
  compile_all(units, count);
  int passed = 0;
  for (int i = 0; i < count; i++) {
    char label[128];
    label_of(label, &checks[i].v);
    if (!units[i].image) {
      printf("FAIL %s %s: does not compile\n%.600s\n", checks[i].p.name, label, units[i].log);
      continue;
    }
    if (!cu) {
      passed++;
      continue;
    }
    buffers x = allocate(&checks[i].p, 1, 1);
    reference(&checks[i].p, &x);
    chain c = {.k = load(units + i), .l = geometry(&checks[i].p, &checks[i].v), .p = &checks[i].p, .v = &checks[i].v, .x = &x};
    passed += right(&c, label, 0);
    device_reset();
    unload_all();
  }
  printf("check: %d passed, %d failed\n", passed, count - passed);
}

static void time_problem(const problem *p, FILE *csv) {
  static variant variants[400];
  const int count = add_variants(p, variants);
  unit *units = calloc(count, sizeof *units);
  for (int i = 0; i < count; i++) describe(units + i, p, variants + i);
  compile_all(units, count);
  if (!cu) {
    for (int i = 0; i < count; i++) {
      char label[128];
      label_of(label, variants + i);
      if (!units[i].image) printf("FAIL %s %s: does not compile\n%.800s\n", p->name, label, units[i].log);
      free(units[i].image);
    }
    printf("%s %d variants\n", p->name, count);
    free(units);
    return;
  }
  const shape s = shape_of(p);
  const int copies = 16;
  buffers x = allocate(p, copies, 1);
  reference(p, &x);
  const double flops = 2.0 * rows_of(p, &s) * p->oc * p->k * s.kw * s.cg;
  const int es = sizes[p->type];
  const double peak = p->type == F32 ? 60e12 : p->type == TF32 ? 400e12 : 800e12;
  const double act_bytes = (double)(s.in_count + s.out_count * (p->residual ? 2 : 1)) * es;
  double floor_us = flops / peak * 1e6, memory_us = ((double)s.w_count * es / 3.1e12 + act_bytes / 6.5e12) * 1e6;
  if (memory_us > floor_us) floor_us = memory_us;
  double best[3] = {1e9, 1e9, 1e9};
  char names[3][96] = {"", "", ""};
  for (int i = 0; i < count; i++) {
    char label[128];
    label_of(label, variants + i);
    chain c = {.k = load(units + i), .l = geometry(p, variants + i), .p = p, .v = variants + i, .x = &x};
    if (!c.k.ok) {
      printf("FAIL %s %s: %.300s\n", p->name, label, units[i].log);
      continue;
    }
    if (!right(&c, label, 1)) continue;
    const double us = time_chain(24, run, &c);
    fprintf(csv, "%s,%s,%.3f,%.1f,%d,%d\n", p->name, label, us, flops / us * 1e-6, c.k.registers, c.k.local);
    if (us > 0 && us < best[variants[i].kernel]) best[variants[i].kernel] = us, strcpy(names[variants[i].kernel], label);
    free(units[i].image);
  }
  free(units);
  device_reset();
  unload_all();
  const double b = best[0] < best[1] ? (best[0] < best[2] ? best[0] : best[2]) : (best[1] < best[2] ? best[1] : best[2]);
  printf("%-22s %8.2f GF floor %6.2f us best %6.2f (%3.0f%%, %5.1f TF) x%d |", p->name, flops * 1e-9, floor_us, b,
         100 * floor_us / b, flops / b * 1e-6, p->times);
  for (int k = 0; k < 3; k++)
    if (best[k] < 1e8) printf(" %s %.2f", names[k], best[k]);
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc < 3 || !gpu_start(argv[1], "Benchmarks/GPU/reference.cu")) return 1;
  if (!strcmp(argv[2], "check")) check_all();
  if (!strcmp(argv[2], "time")) {
    const char *out = getenv("OUT");
    char path[512];
    snprintf(path, sizeof path, "%s/conv_%s.csv", out ? out : ".", argc > 3 ? argv[3] : "all");
    FILE *csv = fopen(path, "w");
    for (size_t i = 0; csv && i < sizeof problems / sizeof *problems; i++)
      if (argc < 4 || strstr(problems[i].name, argv[3])) time_problem(problems + i, csv);
    if (csv) fclose(csv);
  }
  return 0;
}
