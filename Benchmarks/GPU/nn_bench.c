// Checks (and times) the kernels that are no convolution as implicit GEMM: `nn_bench KERNELS check|time`. References are
// plain loops in double precision on the host, inputs small and odd.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gpu.h"

enum { F32, F16, BF16 };
static const char *const type_names[] = {"F32", "F16", "BF16"};
static const int sizes[] = {4, 2, 2};
static int passed, failed, timing;
/// Large problems are timed only: their references would take the host too long.
static int unchecked;

static double decode(const void *p, long long i, int t) {
  if (t == F32) return ((const float *)p)[i];
  if (t == F16) return (double)((const _Float16 *)p)[i];
  union { unsigned u; float f; } x = {(unsigned)((const unsigned short *)p)[i] << 16};
  return x.f;
}

/// A tensor on the device with its values on the host as they were rounded.
typedef struct tensor {
  uint64_t address;
  double *v;
  long long n;
  int type;
} tensor;

static tensor make(long long n, int type, float scale, unsigned seed) {
  tensor t = {device_alloc(n * sizes[type]), malloc(n * 8), n, type};
  fill(t.address, n, type, scale, seed);
  void *raw = malloc(n * sizes[type]);
  check(cu->stream_synchronize(stream), "fill");
  check(cu->copy_to_host(raw, t.address, n * sizes[type]), "copy");
  for (long long i = 0; i < n; i++) t.v[i] = decode(raw, i, type);
  free(raw);
  return t;
}

static tensor empty(long long n, int type) {
  tensor t = {device_alloc(n * sizes[type]), calloc(n, 8), n, type};
  check(cu->fill8_async(t.address, 0xff, n * sizes[type], stream), "poison");
  return t;
}

static double act(double x, int kind) {
  switch (kind) {
    case 1: return x > 0 ? x : 0;
    case 4: return 1 / (1 + exp(-x));
    case 6: return x / (1 + exp(-x));
  }
  return x;
}

typedef struct job {
  kernel k;
  apus_cuda_launch l;
  void **args;
} job;
static void emit_job(void *context, int i) {
  job *j = context;
  (void)i;
  launch(j->k, j->l, j->args);
}

/// Compiles, runs once, compares `out` with its `v`, and times a chain when asked.
static void test(const char *kernel_name, const char *label, tensor *out, apus_cuda_launch l, void **args, double bytes,
                 const char *format, ...) {
  unit *u = calloc(1, sizeof *u);
  va_list list;
  snprintf(u->file, sizeof u->file, "%s.cu", kernel_name);
  snprintf(u->entry, sizeof u->entry, "%s", kernel_name);
  va_start(list, format);
  vsnprintf(u->defines, sizeof u->defines, format, list);
  va_end(list);
  compile_all(u, 1);
  const kernel k = load(u);
  if (!k.ok) {
    printf("FAIL %s %s: does not compile\n%.800s\n", kernel_name, label, u->log);
    failed++;
    return;
  }
  for (int i = 0; i < 3; i++) {
    if (!l.grid[i]) l.grid[i] = 1;
    if (!l.block[i]) l.block[i] = 1;
  }
  l.programmatic = 1;
  const int r = launch(k, l, args), s = cu->stream_synchronize(stream);
  if (r || s) {
    printf("FAIL %s %s: launch %d %d\n", kernel_name, label, r, s);
    if (s) exit(1);
    failed++;
    return;
  }
  void *raw = malloc(out->n * sizes[out->type]);
  check(cu->copy_to_host(raw, out->address, out->n * sizes[out->type]), "copy");
  double d2 = 0, r2 = 0, bad = 0, worst = 0;
  for (long long i = 0; i < out->n; i++) {
    const double x = decode(raw, i, out->type), d = x - out->v[i];
    if (!(d == d)) {
      bad++;
      continue;
    }
    d2 += d * d, r2 += out->v[i] * out->v[i];
    if (fabs(d) > worst) worst = fabs(d);
  }
  free(raw);
  const double relative = sqrt(d2 / (r2 > 0 ? r2 : 1e-30)), limit[] = {3e-6, 1e-3, 6e-3};
  const int ok = unchecked || (bad == 0 && relative < limit[out->type]);
  ok ? passed++ : failed++;
  double us = 0;
  if (timing && ok) {
    job j = {k, l, args};
    us = time_chain(24, emit_job, &j);
  }
  printf("%s %s %s: relative %.2e worst %.2e bad %.0f registers %d", ok ? "ok" : "FAIL", kernel_name, label, relative, worst,
         bad, k.registers);
  if (us > 0) printf("  %.2f us%s", us, "");
  if (us > 0 && bytes > 0) printf("  %.2f TB/s", bytes / us * 1e-6);
  printf("\n");
  free(u);
}

static int divide(long long a, long long b) { return (int)((a + b - 1) / b); }

static void depthwise(const char *label, int type, int n, int h, int w, int c, int k, int s, int vec, int lanes, int strip, int sums) {
  const int p = k / 2, oh = (h + 2 * p - k) / s + 1, ow = (w + 2 * p - k) / s + 1, threads = 128;
  const int parts = divide((long long)oh * divide(ow, strip), threads / lanes);
  tensor in = make((long long)n * h * w * c, type, 1, 1), f = make(k * k * c, type, 0.3f, 2), b = make(c, F32, 1, 3);
  tensor out = empty((long long)n * oh * ow * c, type), part = empty((long long)n * parts * c, F32);
  unchecked = timing && out.n > 1 << 22;
  for (long long i = 0; i < out.n && !unchecked; i++) {
    const int ch = i % c, x = i / c % ow, y = i / c / ow % oh, im = i / c / ow / oh;
    double sum = b.v[ch];
    for (int r = 0; r < k; r++)
      for (int q = 0; q < k; q++) {
        const int yy = y * s - p + r, xx = x * s - p + q;
        if (yy >= 0 && yy < h && xx >= 0 && xx < w) sum += in.v[(((long long)im * h + yy) * w + xx) * c + ch] * f.v[(r * k + q) * c + ch];
      }
    out.v[i] = act(sum, 6);
    if (strip) part.v[((long long)im * parts + (y * divide(ow, strip) + x / strip) / (threads / lanes)) * c + ch] += act(sum, 6);
  }
  void *args[] = {&in.address, &f.address, &b.address, &out.address, &part.address};
  const apus_cuda_launch l = {.grid = {divide(c, lanes * vec), parts, n}, .block = {threads}};
  const char *format = "-DIN_TYPE=%s -DOUT_TYPE=%s -DIMAGES=%d -DIN_H=%d -DIN_W=%d -DCHANNELS=%d -DIN_STRIDE=%d -DOUT_H=%d "
                       "-DOUT_W=%d -DOUT_STRIDE=%d -DKERNEL_H=%d -DKERNEL_W=%d -DSTRIDE_H=%d -DSTRIDE_W=%d -DPAD_T=%d -DPAD_L=%d "
                       "-DDILATE_H=1 -DDILATE_W=1 -DBIAS=1 -DACTIVATION=6 -DALPHA=0.0f -DBETA=0.0f -DSUMS=%d -DVECTOR=%d -DLANES=%d "
                       "-DTHREADS=%d -DSTRIP=%d -DFAST_MATH=%d";
  char full[160];
  snprintf(full, sizeof full, "%s %s v%d l%d s%d", label, type_names[type], vec, lanes, strip);
  test("depthwise", full, &out, l, args, (double)(in.n + out.n) * sizes[type], format, type_names[type], type_names[type], n, h, w, c, c, oh, ow,
       c, k, k, s, s, p, p, sums, vec, lanes, threads, strip, type != F32);
  if (sums && !timing)
    test("depthwise", "sums", &part, l, args, 0, format, type_names[type], type_names[type], n, h, w, c, c, oh, ow, c, k, k, s, s, p, p,
         sums, vec, lanes, threads, strip, type != F32);
  unchecked = 0, device_reset(), unload_all();
}

static void squeeze(int type, int n, int c, int hidden, int parts, int blocks) {
  tensor sums = make((long long)n * parts * c, F32, 10, 1), w1 = make(hidden * c, type, 0.2f, 2), b1 = make(hidden, F32, 1, 3);
  tensor w2 = make(hidden * c, type, 0.3f, 4), b2 = make(c, F32, 1, 5), out = empty(n * c, type);
  double *mean = malloc(c * 8), *mid = malloc(hidden * 8);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < c; j++) {
      mean[j] = 0;
      for (int p = 0; p < parts; p++) mean[j] += sums.v[((long long)i * parts + p) * c + j] / 77;
    }
    for (int j = 0; j < hidden; j++) {
      mid[j] = b1.v[j];
      for (int q = 0; q < c; q++) mid[j] += mean[q] * w1.v[j * c + q];
      mid[j] = act(mid[j], 6);
    }
    for (int j = 0; j < c; j++) {
      double s = b2.v[j];
      for (int q = 0; q < hidden; q++) s += mid[q] * w2.v[q * c + j];
      out.v[i * c + j] = act(s, 4);
    }
  }
  void *args[] = {&sums.address, &w1.address, &b1.address, &w2.address, &b2.address, &out.address};
  char label[96];
  snprintf(label, sizeof label, "c%d h%d parts%d blocks%d %s", c, hidden, parts, blocks, type_names[type]);
  const int slice = (divide(c, blocks) + 7) / 8 * 8, shared = (divide(hidden, blocks) * c + hidden * slice) * sizes[type] + 16;
  test("squeeze_excite", label, &out, (apus_cuda_launch){.grid = {blocks, 1, n}, .block = {256}, .shared_bytes = shared, .cluster = {blocks > 1 ? blocks : 0, 1, 1}}, args, 0,
       "-DCHANNELS=%d -DHIDDEN=%d -DPARTS=%d -DPIXELS=77 -DOUT_TYPE=%s -DWEIGHT_TYPE=%s -DACTIVATION=6 -DGATE_ACTIVATION=4 -DALPHA=0.0f "
       "-DBETA=0.0f -DGATE_ALPHA=0.0f -DGATE_BETA=0.0f -DBLOCKS=%d -DTHREADS=256",
       c, hidden, parts, type_names[type], type_names[type], blocks);
  unchecked = 0, device_reset(), unload_all();
}

static void pooling(int type, int mode, int n, int h, int w, int c, int k, int s, int p, int vec) {
  const int oh = (h + 2 * p - k) / s + 1, ow = (w + 2 * p - k) / s + 1;
  tensor in = make((long long)n * h * w * c, type, 1, 1), out = empty((long long)n * oh * ow * c, type);
  for (long long i = 0; i < out.n; i++) {
    const int ch = i % c, x = i / c % ow, y = i / c / ow % oh, im = i / c / ow / oh;
    double acc = mode ? 0 : -1e30, count = 0;
    for (int r = 0; r < k; r++)
      for (int q = 0; q < k; q++) {
        const int yy = y * s - p + r, xx = x * s - p + q, in_pad = yy < h + p && xx < w + p;
        const int inside = yy >= 0 && yy < h && xx >= 0 && xx < w;
        if (mode == 2 ? in_pad : inside) count++;
        if (!inside) continue;
        const double v = in.v[(((long long)im * h + yy) * w + xx) * c + ch];
        acc = mode ? acc + v : v > acc ? v : acc;
      }
    out.v[i] = mode ? acc / count : acc;
  }
  void *args[] = {&in.address, &out.address};
  char label[96];
  snprintf(label, sizeof label, "mode%d %dx%dx%dx%d k%d s%d %s", mode, n, h, w, c, k, s, type_names[type]);
  test("pool", label, &out, (apus_cuda_launch){.grid = {divide(out.n / vec, 128)}, .block = {128}}, args, (double)(in.n + out.n) * sizes[type],
       "-DIN_TYPE=%s -DOUT_TYPE=%s -DIMAGES=%d -DIN_H=%d -DIN_W=%d -DCHANNELS=%d -DIN_STRIDE=%d -DOUT_H=%d -DOUT_W=%d -DOUT_STRIDE=%d "
       "-DKERNEL_H=%d -DKERNEL_W=%d -DSTRIDE_H=%d -DSTRIDE_W=%d -DPAD_T=%d -DPAD_L=%d -DPAD_B=%d -DPAD_R=%d -DDILATE_H=1 -DDILATE_W=1 "
       "-DMODE=%d -DVECTOR=%d -DTHREADS=128",
       type_names[type], type_names[type], n, h, w, c, c, oh, ow, c, k, k, s, s, p, p, p, p, mode, vec);
  unchecked = 0, device_reset(), unload_all();
}

static void global_pooling(int type, int mode, int n, int pixels, int c, int vec, int lanes) {
  tensor in = make((long long)n * pixels * c, type, 1, 1), out = empty((long long)n * c, type);
  for (int i = 0; i < n * c; i++) {
    double acc = mode ? 0 : -1e30;
    for (int p = 0; p < pixels; p++) {
      const double v = in.v[((long long)(i / c) * pixels + p) * c + i % c];
      acc = mode ? acc + v / pixels : v > acc ? v : acc;
    }
    out.v[i] = acc;
  }
  void *args[] = {&in.address, &out.address};
  test("global_pool", type_names[type], &out, (apus_cuda_launch){.grid = {divide(c, lanes * vec), n}, .block = {256}}, args, in.n * (double)sizes[type],
       "-DIN_TYPE=%s -DOUT_TYPE=%s -DPIXELS=%d -DCHANNELS=%d -DIN_STRIDE=%d -DMODE=%d -DVECTOR=%d -DLANES=%d -DTHREADS=256", type_names[type],
       type_names[type], pixels, c, c, mode, vec, lanes);
  unchecked = 0, device_reset(), unload_all();
}

static void stem(int in_type, int type, int n, int planar, int h, int w, int c, int oc, int k, int s, int tile_n, int th) {
  const int p = k / 2, oh = (h + 2 * p - k) / s + 1, ow = (w + 2 * p - k) / s + 1, kwp = (k + 1) / 2 * 2, red = (k * kwp * 4 + 15) / 16 * 16, tw = 128 / th;
  tensor in = make((long long)n * h * w * c, in_type, 1, 1), raw = make((long long)oc * k * k * c, type, 0.1f, 2), b = make(oc, F32, 1, 3);
  tensor f = empty((long long)oc * red, type), out = empty((long long)n * oh * ow * oc, type);
  unsigned short *packed = calloc(f.n, 2), *plain = malloc(raw.n * 2);
  check(cu->copy_to_host(plain, raw.address, raw.n * 2), "copy");
  for (int o = 0; o < oc; o++)
    for (int r = 0; r < k; r++)
      for (int q = 0; q < k; q++)
        for (int ch = 0; ch < c; ch++) packed[o * red + (r * kwp + q) * 4 + ch] = plain[((o * k + r) * k + q) * c + ch];
  check(cu->copy_to_device(f.address, packed, f.n * 2), "copy");
  unchecked = timing && out.n > 1 << 21;
  for (long long i = 0; i < out.n && !unchecked; i++) {
    const int o = i % oc, x = i / oc % ow, y = i / oc / ow % oh, im = i / oc / ow / oh;
    double sum = b.v[o];
    for (int r = 0; r < k; r++)
      for (int q = 0; q < k; q++)
        for (int ch = 0; ch < c; ch++) {
          const int yy = y * s - p + r, xx = x * s - p + q;
          if (yy < 0 || yy >= h || xx < 0 || xx >= w) continue;
          double v = in.v[planar ? (((long long)im * c + ch) * h + yy) * w + xx : (((long long)im * h + yy) * w + xx) * c + ch];
          if (type == F16) v = (double)(_Float16)v;
          sum += v * raw.v[((o * k + r) * k + q) * c + ch];
        }
    out.v[i] = act(sum, 1);
  }
  void *args[] = {&in.address, &f.address, &b.address, &out.address};
  const int patch = ((th - 1) * s + k) * ((tw - 1) * s + kwp), a = tile_n * (red + 8) * 2 + patch * 8 + 16, e = 128 * (tile_n + 8) * 4;
  char label[96];
  snprintf(label, sizeof label, "%s %s planar%d %dx%dx%d oc%d k%d s%d n%d tile%dx%d", type_names[in_type], type_names[type], planar, n, h, w, oc, k, s, tile_n, th, tw);
  test("stem", label, &out, (apus_cuda_launch){.grid = {divide(ow, tw) * divide(oh, th), divide(oc, tile_n), n}, .block = {128}, .shared_bytes = a > e ? a : e},
       args, (double)in.n * sizes[in_type] + (double)out.n * sizes[type],
       "-DIN_TYPE=%s -DMATH_TYPE=%s -DOUT_TYPE=%s -DIMAGES=%d -DIN_H=%d -DIN_W=%d -DIN_C=%d -DPLANAR=%d -DOUT_H=%d -DOUT_W=%d -DOUT_C=%d "
       "-DOUT_STRIDE=%d -DKERNEL_H=%d -DKERNEL_W=%d -DSTRIDE=%d -DPAD_T=%d -DPAD_L=%d -DBIAS=1 -DACTIVATION=1 -DALPHA=0.0f -DBETA=0.0f "
       "-DTILE_H=%d -DTILE_W=%d -DTILE_N=%d",
       type_names[in_type], type_names[type], type_names[type], n, h, w, c, planar, oh, ow, oc, oc, k, k, s, p, p, th, tw, tile_n);
  unchecked = 0, device_reset(), unload_all();
}

static void rows(const char *kind, int type, int n, int c, int vec, int threads, int block_rows, int option) {
  tensor in = make((long long)n * c, type, 3, 1), res = make((long long)n * c, type, 1, 2), g = make(c, F32, 1, 3), b = make(c, F32, 1, 4);
  tensor out = empty((long long)n * c, type), total = empty((long long)n * c, type);
  const int is_softmax = !strcmp(kind, "softmax");
  for (int i = 0; i < n; i++) {
    double *x = in.v + (long long)i * c, *y = out.v + (long long)i * c, top = -1e30, sum = 0, mean = 0, var = 0;
    for (int j = 0; j < c; j++) top = x[j] > top ? x[j] : top;
    for (int j = 0; j < c; j++) sum += exp(x[j] - top);
    for (int j = 0; j < c; j++) mean += (x[j] + res.v[(long long)i * c + j]) / c;
    if (option) mean = 0;
    for (int j = 0; j < c; j++) var += pow(x[j] + res.v[(long long)i * c + j] - mean, 2) / c;
    for (int j = 0; j < c; j++)
      y[j] = is_softmax ? (option ? x[j] - top - log(sum) : exp(x[j] - top) / sum)
                        : (x[j] + res.v[(long long)i * c + j] - mean) / sqrt(var + 1e-5) * g.v[j] + b.v[j];
    for (int j = 0; j < c; j++) total.v[(long long)i * c + j] = x[j] + res.v[(long long)i * c + j];
  }
  void *softmax_args[] = {&in.address, &out.address};
  void *norm_args[] = {&in.address, &res.address, &g.address, &b.address, &out.address, &total.address};
  char label[96];
  snprintf(label, sizeof label, "%dx%d v%d t%d r%d option%d %s", n, c, vec, threads, block_rows, option, type_names[type]);
  const char *format = "-DIN_TYPE=%s -DOUT_TYPE=%s -DROWS=%d -DCOLUMNS=%d -DLOG=%d -DVECTOR=%d -DTHREADS=%d -DBLOCK_ROWS=%d -DRMS=%d "
                       "-DEPSILON=1e-5f -DSCALE=1 -DBIAS=1 -DRESIDUAL=1 -DSTORE_SUM=1 -DACTIVATION=0 -DALPHA=0.0f -DBETA=0.0f";
  const apus_cuda_launch l = {.grid = {divide(n, block_rows)}, .block = {threads * block_rows}};
  test(kind, label, &out, l, is_softmax ? softmax_args : norm_args, (double)n * c * sizes[type] * (is_softmax ? 2 : 4), format, type_names[type],
       type_names[type], n, c, option, vec, threads, block_rows, option);
  if (!is_softmax && !timing)
    test(kind, "sum", &total, l, norm_args, 0, format, type_names[type], type_names[type], n, c, option, vec, threads, block_rows, option);
  unchecked = 0, device_reset(), unload_all();
}

static void group(int type, int n, int pixels, int c, int groups, int vec) {
  tensor in = make((long long)n * pixels * c, type, 3, 1), g = make(c, F32, 1, 3), b = make(c, F32, 1, 4), out = empty(in.n, type);
  const int width = c / groups;
  for (int i = 0; i < n; i++)
    for (int q = 0; q < groups; q++) {
      double mean = 0, var = 0;
#define AT ((long long)i * pixels + p) * c + q * width + j
      for (int p = 0; p < pixels; p++) for (int j = 0; j < width; j++) mean += in.v[AT] / (pixels * width);
      for (int p = 0; p < pixels; p++) for (int j = 0; j < width; j++) var += pow(in.v[AT] - mean, 2) / (pixels * width);
      for (int p = 0; p < pixels; p++)
        for (int j = 0; j < width; j++) out.v[AT] = act((in.v[AT] - mean) / sqrt(var + 1e-5) * g.v[q * width + j] + b.v[q * width + j], 6);
    }
  void *args[] = {&in.address, &g.address, &b.address, &out.address};
  test("group_norm", type_names[type], &out, (apus_cuda_launch){.grid = {groups, n}, .block = {256}}, args, 4.0 * in.n * sizes[type],
       "-DIN_TYPE=%s -DOUT_TYPE=%s -DPIXELS=%d -DCHANNELS=%d -DGROUPS=%d -DEPSILON=1e-5f -DSCALE=1 -DBIAS=1 -DACTIVATION=6 -DALPHA=0.0f "
       "-DBETA=0.0f -DVECTOR=%d -DTHREADS=256 -DFAST_MATH=%d",
       type_names[type], type_names[type], pixels, c, groups, vec, type != F32);
  unchecked = 0, device_reset(), unload_all();
}

static void attention(int type, int n, int heads, int kv_group, int queries, int keys, int d, int mask_kind, int causal, int warps, int tile_keys) {
  const int kv = heads / kv_group;
  tensor q = make((long long)n * queries * heads * d, type, 1, 1), k = make((long long)n * keys * kv * d, type, 1, 2), v = make((long long)n * keys * kv * d, type, 1, 3);
  tensor mask = make((long long)n * queries * keys, F32, 2, 4), out = empty(q.n, type);
  if (mask_kind == 2) {
    float *host = malloc(mask.n * 4);
    for (long long i = 0; i < mask.n; i++) host[i] = mask.v[i] = mask.v[i] > -1 || i % keys == 0;
    check(cu->copy_to_device(mask.address, host, mask.n * 4), "copy");
  }
  double *s = malloc(keys * 8);
  const double scale = 1 / sqrt(d);
  for (int b = 0; b < n; b++)
    for (int h = 0; h < heads; h++)
      for (int i = 0; i < queries; i++) {
        double top = -1e30, sum = 0;
        for (int j = 0; j < keys; j++) {
          s[j] = 0;
          for (int x = 0; x < d; x++) s[j] += q.v[((long long)(b * queries + i) * heads + h) * d + x] * k.v[((long long)(b * keys + j) * kv + h / kv_group) * d + x];
          s[j] *= scale;
          const double m = mask.v[((long long)b * queries + i) * keys + j];
          if (mask_kind == 1) s[j] += m;
          if ((mask_kind == 2 && m == 0) || (causal && j > i + keys - queries)) s[j] = -1e30;
          top = s[j] > top ? s[j] : top;
        }
        for (int j = 0; j < keys; j++) sum += s[j] = s[j] < -1e29 ? 0 : exp(s[j] - top);
        for (int x = 0; x < d; x++) {
          double o = 0;
          for (int j = 0; j < keys; j++) o += s[j] / sum * v.v[((long long)(b * keys + j) * kv + h / kv_group) * d + x];
          out.v[((long long)(b * queries + i) * heads + h) * d + x] = o;
        }
      }
  void *args[] = {&q.address, &k.address, &v.address, &mask.address, &out.address};
  char label[128];
  snprintf(label, sizeof label, "b%d h%d/%d q%d k%d d%d mask%d causal%d w%d t%d %s", n, heads, kv_group, queries, keys, d, mask_kind, causal, warps, tile_keys, type_names[type]);
  test("attention", label, &out, (apus_cuda_launch){.grid = {divide(queries, 16 * warps), heads, n}, .block = {32 * warps}, .shared_bytes = (16 * warps + 2 * (keys > tile_keys ? 2 : 1) * tile_keys) * (d + 8) * 2},
       args, 0,
       "-DIN_TYPE=%s -DBATCH=%d -DHEADS=%d -DQUERIES=%d -DKEYS=%d -DHEAD_DIM=%d -DKV_GROUP=%d -DSCALE=%.9gf -DZERO_NAN=0 -DCAUSAL=%d -DQ_ROW=%d -DQ_HEAD=%d "
       "-DQ_BATCH=%d -DK_ROW=%d -DK_HEAD=%d -DK_BATCH=%d -DV_ROW=%d -DV_HEAD=%d -DV_BATCH=%d -DO_ROW=%d -DO_HEAD=%d -DO_BATCH=%d -DMASK=%d "
       "-DMASK_TYPE=F32 -DMASK_ROW=%d -DMASK_HEAD=0 -DMASK_BATCH=%d -DWARPS=%d -DTILE_KEYS=%d",
       type_names[type], n, heads, queries, keys, d, kv_group, scale, causal, heads * d, d, queries * heads * d, kv * d, d, keys * kv * d, kv * d, d,
       keys * kv * d, heads * d, d, queries * heads * d, mask_kind, keys, queries * keys, warps, tile_keys);
  free(s);
  unchecked = 0, device_reset(), unload_all();
}

static double source(int x, double step, int in, int out, int coordinate) {
  if (coordinate == 1) return x * step;
  if (coordinate == 2) return out == 1 ? 0 : x * ((in - 1.0) / (out - 1.0));
  if (coordinate == 3 && out == 1) return 0;
  return (x + 0.5) * step - 0.5;
}
static int clamp(int x, int n) { return x < 0 ? 0 : x >= n ? n - 1 : x; }

static void resizing(int type, int n, int h, int w, int c, int oh, int ow, int mode, int coordinate, int nearest, int vec) {
  tensor in = make((long long)n * h * w * c, type, 1, 1), other = make((long long)n * oh * ow * c, type, 1, 2), out = empty(other.n, type);
  const double sh = (double)h / oh, sw = (double)w / ow;
  for (long long i = 0; i < out.n; i++) {
    const int ch = i % c, x = i / c % ow, y = i / c / ow % oh, im = i / c / ow / oh;
    double sy = source(y, sh, h, oh, coordinate), sx = source(x, sw, w, ow, coordinate), r;
#define IN(Y, X) in.v[(((long long)im * h + (Y)) * w + (X)) * c + ch]
    if (mode == 0) {
#define NEAR(V) (nearest == 0 ? ceil(V - 0.5) : nearest == 1 ? floor(V + 0.5) : nearest == 2 ? floor(V) : ceil(V))
      r = IN(clamp((int)NEAR(sy), h), clamp((int)NEAR(sx), w));
    } else {
      sy = sy < 0 ? 0 : sy > h - 1 ? h - 1 : sy, sx = sx < 0 ? 0 : sx > w - 1 ? w - 1 : sx;
      const int y0 = (int)sy, x0 = (int)sx, y1 = clamp(y0 + 1, h), x1 = clamp(x0 + 1, w);
      const double wy = sy - y0, wx = sx - x0;
      r = (IN(y0, x0) * (1 - wx) + IN(y0, x1) * wx) * (1 - wy) + (IN(y1, x0) * (1 - wx) + IN(y1, x1) * wx) * wy;
    }
    out.v[i] = r + other.v[i];
  }
  void *args[] = {&in.address, &other.address, &out.address};
  char label[96];
  snprintf(label, sizeof label, "%dx%d to %dx%d mode%d coordinate%d nearest%d %s", h, w, oh, ow, mode, coordinate, nearest, type_names[type]);
  test("resize", label, &out, (apus_cuda_launch){.grid = {divide(out.n / vec, 128)}, .block = {128}}, args, 0,
       "-DIN_TYPE=%s -DOUT_TYPE=%s -DIMAGES=%d -DIN_H=%d -DIN_W=%d -DCHANNELS=%d -DOUT_H=%d -DOUT_W=%d -DMODE=%d -DADD=1 -DCOORDINATE=%d "
       "-DNEAREST=%d -DSTEP_H=%.9gf -DSTEP_W=%.9gf -DVECTOR=%d -DTHREADS=128",
       type_names[type], type_names[type], n, h, w, c, oh, ow, mode, coordinate, nearest, sh, sw, vec);
  unchecked = 0, device_reset(), unload_all();
}

static void transposing(int in_type, int type, int n, int r, int c, int stride) {
  tensor in = make((long long)n * r * c, in_type, 1, 1), out = empty((long long)n * c * stride, type);
  for (long long i = 0; i < out.n; i++) out.v[i] = i % stride < r ? in.v[(i / stride / c * r + i % stride) * c + i / stride % c] : 0;
  void *args[] = {&in.address, &out.address};
  test("transpose", type_names[type], &out, (apus_cuda_launch){.grid = {divide(c, 32), divide(stride, 32), n}, .block = {32, 8}}, args,
       (double)in.n * sizes[in_type] + (double)out.n * sizes[type], "-DIN_TYPE=%s -DOUT_TYPE=%s -DROWS=%d -DCOLUMNS=%d -DOUT_STRIDE=%d", type_names[in_type], type_names[type], r, c, stride);
  unchecked = 0, device_reset(), unload_all();
}

static void permuting(void) {
  const int e[4] = {3, 5, 7, 2}, s[4] = {7, 42, 1, 21};
  tensor in = make(3 * 5 * 7 * 2, F16, 1, 1), out = empty(in.n, F16);
  for (int i = 0; i < out.n; i++)
    out.v[i] = in.v[i / 70 % e[0] * s[0] + i / 14 % e[1] * s[1] + i / 2 % e[2] * s[2] + i % e[3] * s[3]];
  void *args[] = {&in.address, &out.address};
  test("permute", "3x5x7x2", &out, (apus_cuda_launch){.grid = {2}, .block = {128}}, args, 0,
       "-DSIZE=2 -DEXTENTS=1,1,3,5,7,2 -DSTRIDES=0,0,7,42,1,21 -DOFFSET=0 -DCOUNT=210 -DTHREADS=128");
  unchecked = 0, device_reset(), unload_all();
}

static void check_all(void) {
  for (int t = 0; t < 3; t++) {
    depthwise("odd", t, 2, 13, 11, 40, 3, 1, 8, 4, 2, 1), depthwise("stride", t, 1, 15, 17, 24, 5, 2, 4, 8, 3, 1);
    depthwise("narrow", t, 1, 9, 10, 7, 3, 1, 1, 8, 4, 1), depthwise("seven", t, 1, 9, 10, 16, 7, 1, 8, 2, 1, 0);
    squeeze(t, 2, 100, 7, 5, 1), squeeze(t, 3, 144, 6, 9, 4), squeeze(t, 1, 1152, 48, 7, 8);
    for (int mode = 0; mode < 3; mode++) pooling(t, mode, 2, 13, 14, 24, 3, 2, 1, 8), pooling(t, mode, 1, 9, 9, 5, 2, 2, 0, 1);
    global_pooling(t, 1, 3, 49, 72, 8, 4), global_pooling(t, 0, 2, 35, 30, 2, 16);
    if (t) stem(F32, t, 2, 1, 29, 37, 3, 40, 7, 2, 64, 8), stem(F32, t, 1, 0, 21, 23, 3, 32, 3, 2, 32, 8), stem(t, t, 1, 1, 20, 25, 3, 24, 3, 1, 32, 16), stem(F32, t, 1, 1, 20, 25, 1, 24, 5, 1, 16, 4);
    for (int option = 0; option < 2; option++) {
      rows("softmax", t, 13, 77, 1, 32, 4, option), rows("softmax", t, 5, 1000, 8, 128, 1, option), rows("softmax", t, 9, 13, 1, 8, 16, option);
      rows("layer_norm", t, 13, 77, 1, 32, 4, option), rows("layer_norm", t, 5, 768, 8, 32, 4, option), rows("layer_norm", t, 5, 1000, 4, 256, 1, option);
    }
    group(t, 2, 35, 48, 4, 4), group(t, 2, 35, 30, 30, 1);
    if (t) {
      attention(t, 2, 3, 1, 77, 77, 64, 0, 0, 4, 64), attention(t, 1, 4, 2, 50, 70, 32, 1, 0, 2, 32), attention(t, 1, 2, 1, 100, 100, 80, 0, 1, 1, 32);
      attention(t, 1, 2, 1, 33, 130, 128, 2, 0, 2, 32), attention(t, 1, 2, 1, 20, 45, 16, 0, 1, 2, 16);
      attention(t, 2, 2, 1, 45, 99, 64, 1, 0, 2, 112), attention(t, 1, 2, 1, 45, 99, 64, 2, 0, 1, 64);
    }
    for (int coordinate = 0; coordinate < 4; coordinate++) {
      resizing(t, 2, 7, 9, 16, 14, 18, 1, coordinate, 0, 8), resizing(t, 1, 7, 9, 5, 10, 13, 1, coordinate, 0, 1);
      for (int nearest = 0; nearest < 4; nearest++) resizing(t, 1, 6, 8, 8, 9, 20, 0, coordinate, nearest, 4);
    }
    transposing(F32, t, 2, 3, 100, 8), transposing(t, F32, 1, 67, 45, 67);
  }
  permuting();
}

static void time_all(void) {
  const int dw[][4] = {{112, 32, 3, 1}, {112, 96, 3, 2}, {56, 144, 3, 1}, {56, 144, 5, 2}, {28, 240, 5, 1}, {28, 240, 3, 2}, {14, 480, 3, 1}, {14, 480, 5, 1}, {14, 672, 5, 1}, {14, 672, 5, 2}, {7, 1152, 5, 1}, {7, 1152, 3, 1}};
  for (int i = 0; i < 12; i++) {
    char label[64];
    snprintf(label, sizeof label, "%dx%d k%d s%d", dw[i][0], dw[i][1], dw[i][2], dw[i][3]);
    for (int c = 0; c < 6; c++) {
      const int v[6] = {8, 8, 8, 4, 4, 2}, l[6] = {4, 4, 8, 8, 4, 8}, s[6] = {1, 2, 4, 1, 2, 1};
      depthwise(label, F16, 1, dw[i][0], dw[i][0], dw[i][1], dw[i][2], dw[i][3], v[c], l[c], s[c], 1);
    }
  }
  depthwise("b32 14x480", F16, 32, 14, 14, 480, 5, 1, 8, 4, 2, 1), depthwise("b32 56x144", F16, 32, 56, 56, 144, 3, 1, 8, 2, 4, 1);
  for (int b = 1; b <= 8; b *= 2) squeeze(F16, 1, 32, 8, 56, b), squeeze(F16, 1, 240, 10, 25, b), squeeze(F16, 1, 672, 28, 7, b), (b > 1 ? squeeze(F16, 1, 1152, 48, 2, b) : (void)0);
  pooling(F16, 0, 1, 112, 112, 64, 3, 2, 1, 8), pooling(F16, 0, 32, 112, 112, 64, 3, 2, 1, 8), global_pooling(F16, 1, 1, 49, 2048, 8, 8), global_pooling(F16, 1, 32, 49, 2048, 8, 16);
  for (int th = 4; th <= 16; th *= 2) {
    stem(F32, F16, 1, 1, 224, 224, 3, 64, 7, 2, 64, th), stem(F32, F16, 1, 1, 224, 224, 3, 64, 7, 2, 32, th), stem(F32, F16, 1, 1, 224, 224, 3, 32, 3, 2, 32, th);
    stem(F32, F16, 32, 1, 224, 224, 3, 64, 7, 2, 64, th), stem(F32, F16, 1, 1, 480, 640, 3, 64, 7, 2, 64, th);
  }
  const int rt[] = {32, 64, 128};
  for (int i = 0; i < 3; i++) {
    rows("layer_norm", F16, 128, 768, 8, rt[i], 1, 0), rows("layer_norm", F16, 128, 768, 8, rt[i], 4, 0), rows("layer_norm", F16, 197, 768, 8, rt[i], 1, 0);
    rows("softmax", F16, 1536, 128, 4, 32, 4, 0);
  }
  for (int w = 1; w <= 4; w *= 2)
    for (int t = 64; t <= 128; t += 16)
      if (t != 96) attention(F16, 1, 12, 1, 128, 128, 64, 1, 0, w, t), attention(F16, 1, 12, 1, 197, 197, 64, 0, 0, w, t);
  transposing(F32, F16, 1, 3, 50176, 8), transposing(F16, F32, 1, 4800, 819, 4800);
}

int main(int argc, char **argv) {
  if (argc < 3 || gpu_start(argv[1], "Benchmarks/GPU/reference.cu") != 1) return 1;
  timing = !strcmp(argv[2], "time");
  timing ? time_all() : check_all();
  printf("nn: %d passed, %d failed\n", passed, failed);
  return failed != 0;
}
