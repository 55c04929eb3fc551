// Plain kernels that the benchmark compares fast ones with: no tiling, sums in double precision.
typedef unsigned short u16;
typedef unsigned int u32;

__device__ float loadAs(const void *p, long long i, int type) {
  if (type == 0) return ((const float *)p)[i];
  const u16 x = ((const u16 *)p)[i];
  if (type == 2) return __uint_as_float((u32)x << 16);
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x));
  return f;
}
__device__ void storeAs(void *p, long long i, int type, float v) {
  if (type == 0) {
    ((float *)p)[i] = v;
    return;
  }
  u16 h;
  if (type == 2) asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(v));
  else asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(v));
  ((u16 *)p)[i] = h;
}

extern "C" __global__ void fill(void *p, long long count, int type, float scale, u32 seed) {
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count; i += (long long)gridDim.x * blockDim.x) {
    u32 x = (u32)i * 2654435761u ^ seed ^ (u32)(i >> 32) * 97u;
    x ^= x >> 16, x *= 0x85ebca6bu, x ^= x >> 13, x *= 0xc2b2ae35u, x ^= x >> 16;
    storeAs(p, i, type, ((float)(x & 0xffffff) / 8388608.0f - 1.0f) * scale);
  }
}

struct Conv {
  int images, h, w, c, inStride, oh, ow, oc, outStride, kh, kw, sh, sw, pt, pl, dh, dw;
  int batches, aBatch, bBatch, cBatch;
  int act, residual, resUpsample, bias, gate, inType, outType, bMajor, depthwise;
  float alpha, beta;
};

__device__ double act(double x, int kind, double alpha, double beta) {
  switch (kind) {
    case 1: return x > 0 ? x : 0;
    case 2: return x < alpha ? alpha : x > beta ? beta : x;
    case 3: return x > 0 ? x : alpha * x;
    case 4: return 1 / (1 + exp(-x));
    case 5: return tanh(x);
    case 6: return x / (1 + exp(-x));
    case 7: return 0.5 * x * (1 + erf(x * 0.70710678118654752440));
    case 8: return 0.5 * x * (1 + tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case 9: { double y = alpha * x + beta; return y < 0 ? 0 : y > 1 ? 1 : y; }
    case 10: { double y = x / 6 + 0.5; return x * (y < 0 ? 0 : y > 1 ? 1 : y); }
    case 11: return x > 0 ? x : alpha * expm1(x);
    case 12: return x * tanh(log1p(exp(x)));
    case 13: return log1p(exp(x));
  }
  return x;
}

extern "C" __global__ void reference_conv(Conv p, const void *a, const void *b, const float *bias, const void *residual,
                                          const void *gate, float *out) {
  const long long rows = (long long)p.images * p.oh * p.ow, total = rows * p.oc * p.batches;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < total; i += (long long)gridDim.x * blockDim.x) {
    const int n = i % p.oc;
    const long long row = i / p.oc % rows;
    const int z = i / p.oc / rows, image = row / (p.oh * p.ow), q = row % p.ow, y = row / p.ow % p.oh;
    double sum = 0;
    for (int r = 0; r < p.kh; r++)
      for (int s = 0; s < p.kw; s++) {
        const int h = y * p.sh - p.pt + r * p.dh, w = q * p.sw - p.pl + s * p.dw;
        if (h < 0 || h >= p.h || w < 0 || w >= p.w) continue;
        const long long at = (((long long)image * p.h + h) * p.w + w) * p.inStride + (long long)z * p.aBatch;
        if (p.depthwise) {
          sum += (double)loadAs(a, at + n, p.inType) * loadAs(b, (long long)(r * p.kw + s) * p.oc + n, p.inType);
          continue;
        }
        const int k0 = (r * p.kw + s) * p.c, K = p.kh * p.kw * p.c;
        for (int c = 0; c < p.c; c++) {
          double x = loadAs(a, at + c, p.inType);
          if (p.gate) {
            x *= loadAs(gate, (long long)image * p.c + c, p.inType);
            if (p.inType) { u16 t[1]; storeAs(t, 0, p.inType, (float)x); x = loadAs(t, 0, p.inType); }
          }
          sum += x * loadAs(b, (long long)z * p.bBatch + (p.bMajor ? (long long)(k0 + c) * p.oc + n : (long long)n * K + k0 + c), p.inType);
        }
      }
    if (p.bias) sum += bias[(p.batches > 1 && p.bBatch ? z * p.oc : 0) + n];
    double r = 0;
    if (p.residual) {
      const int f = p.resUpsample;
      const long long rr = f == 1 ? row : ((long long)image * (p.oh / f) + y / f) * (p.ow / f) + q / f;
      r = loadAs(residual, rr * p.outStride + (long long)z * p.cBatch + n, p.outType);
    }
    if (p.residual == 1) sum += r;
    sum = act(sum, p.act, p.alpha, p.beta);
    if (p.residual == 2) sum += r;
    out[row * p.outStride + (long long)z * p.cBatch + n] = (float)sum;
  }
}

/// Adds to stats: [0] sum of squared differences, [1] sum of squares of the reference, [2] largest difference,
/// [3] elements that are no number. Rows of `width` values, `stride` apart.
extern "C" __global__ void compare(const void *x, int type, const float *ref, long long rows, int width, int stride, double *stats) {
  double d2 = 0, r2 = 0, bad = 0, worst = 0;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < rows * width; i += (long long)gridDim.x * blockDim.x) {
    const long long at = i / width * stride + i % width;
    const double v = loadAs(x, at, type), r = ref[at], d = v - r;
    if (!(d == d) || isinf(d)) { bad += 1; continue; }
    d2 += d * d, r2 += r * r;
    if (fabs(d) > worst) worst = fabs(d);
  }
  atomicAdd(stats, d2), atomicAdd(stats + 1, r2), atomicAdd(stats + 3, bad);
  atomicMax((unsigned long long *)(stats + 2), (unsigned long long)__double_as_longlong(worst));
}
