// One vector of APUS_LANES floats and what the kernels do with it, for the level being compiled.
#define vf FN(apus_vf)
#define vfu FN(apus_vfu)
#define vi FN(apus_vi)
#define vu FN(apus_vu)
#define vh FN(apus_vh)
#define vhu FN(apus_vhu)
#define vload FN(apus_vload)
#define vstore FN(apus_vstore)
#define vset FN(apus_vset)
#define vseti FN(apus_vseti)
#define vselect FN(apus_vselect)
#define vmax FN(apus_vmax)
#define vmin FN(apus_vmin)
#define vload_n FN(apus_vload_n)
#define vstore_n FN(apus_vstore_n)
#define vwiden FN(apus_vwiden)
#define vnarrow FN(apus_vnarrow)
#define vload_bf16 FN(apus_vload_bf16)
#define vstore_bf16 FN(apus_vstore_bf16)
#define vload_bf16_n FN(apus_vload_bf16_n)
#define vstore_bf16_n FN(apus_vstore_bf16_n)
#define vload_as FN(apus_vload_as)
#define vstore_as FN(apus_vstore_as)
#define vreciprocal FN(apus_vreciprocal)
#define vsum FN(apus_vsum)
#define vhmax FN(apus_vhmax)
#define vsqrt FN(apus_vsqrt)
#define vround_int FN(apus_vround_int)

typedef float vf __attribute__((vector_size(APUS_LANES * 4)));
typedef float vfu __attribute__((vector_size(APUS_LANES * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(APUS_LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(APUS_LANES * 4)));
typedef uint16_t vh __attribute__((vector_size(APUS_LANES * 2)));
typedef uint16_t vhu __attribute__((vector_size(APUS_LANES * 2), aligned(2), may_alias));

INLINE vf vload(const float *p) { return *(const vfu *)p; }
INLINE void vstore(float *p, vf v) { *(vfu *)p = v; }
INLINE vf vset(float x) { return x - (vf){0}; }
INLINE vi vseti(int32_t x) { return x + (vi){0}; }
/// Lanes of `a` where `mask` is all ones, of `b` where it is zero.
INLINE vf vselect(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

/// The larger; `b` where either is NaN, so a bound goes first and NaN in the data survives.
INLINE vf vmax(vf a, vf b) {
#if APUS_X86 && APUS_LANES == 16
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif APUS_X86 && APUS_LANES == 8
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif APUS_X86
  return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
  return vselect(a > b, a, b);
#endif
}

/// The smaller; `b` where either is NaN.
INLINE vf vmin(vf a, vf b) {
#if APUS_X86 && APUS_LANES == 16
  return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif APUS_X86 && APUS_LANES == 8
  return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#elif APUS_X86
  return (vf)_mm_min_ps((__m128)a, (__m128)b);
#else
  return vselect(a < b, a, b);
#endif
}

/// The first `n` (at most APUS_LANES) floats at `p`; zero beyond.
INLINE vf vload_n(const float *p, ptrdiff_t n) {
#if APUS_X86 && APUS_LANES == 16
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
  float buffer[APUS_LANES] = {0};
  for (ptrdiff_t i = 0; i < n; i++) buffer[i] = p[i];
  return vload(buffer);
#endif
}

INLINE void vstore_n(float *p, vf v, ptrdiff_t n) {
#if APUS_X86 && APUS_LANES == 16
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
  float buffer[APUS_LANES];
  vstore(buffer, v);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = buffer[i];
#endif
}

/// BF16 to FP32.
INLINE vf vwiden(vh h) { return (vf)(__builtin_convertvector(h, vu) << 16); }

/// FP32 to BF16, to nearest even; NaN stays NaN.
INLINE vh vnarrow(vf v) {
#ifdef APUS_HAS_BF16
  return (vh)_mm512_cvtneps_pbh((__m512)v);
#else
  vu bits = (vu)v;
  vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  vu quiet = (bits >> 16) | 0x40;
  vu nan = (vu)(v != v);
  return __builtin_convertvector((nan & quiet) | (~nan & rounded), vh);
#endif
}

INLINE vf vload_bf16(const uint16_t *p) { return vwiden(*(const vhu *)p); }
INLINE void vstore_bf16(uint16_t *p, vf v) { *(vhu *)p = vnarrow(v); }

INLINE vf vload_bf16_n(const uint16_t *p, ptrdiff_t n) {
#if APUS_X86 && APUS_LANES == 16
  return vwiden((vh)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p));
#else
  uint16_t buffer[APUS_LANES] = {0};
  for (ptrdiff_t i = 0; i < n; i++) buffer[i] = p[i];
  return vload_bf16(buffer);
#endif
}

INLINE void vstore_bf16_n(uint16_t *p, vf v, ptrdiff_t n) {
#if APUS_X86 && APUS_LANES == 16
  _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)vnarrow(v));
#else
  uint16_t buffer[APUS_LANES];
  vstore_bf16(buffer, v);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = buffer[i];
#endif
}

/// The first `n` elements from element `i` on of a tensor of `type`, widened; all lanes for any larger `n`.
INLINE vf vload_as(const void *base, const apus_dtype type, ptrdiff_t i, ptrdiff_t n) {
  if (type == APUS_BF16) {
    const uint16_t *h = (const uint16_t *)base + i;
    return n >= APUS_LANES ? vload_bf16(h) : vload_bf16_n(h, n);
  }
  const float *f = (const float *)base + i;
  return n >= APUS_LANES ? vload(f) : vload_n(f, n);
}

INLINE void vstore_as(void *base, const apus_dtype type, ptrdiff_t i, ptrdiff_t n, vf v) {
  if (type == APUS_BF16) {
    uint16_t *h = (uint16_t *)base + i;
    if (n >= APUS_LANES) vstore_bf16(h, v);
    else vstore_bf16_n(h, v, n);
  } else {
    float *f = (float *)base + i;
    if (n >= APUS_LANES) vstore(f, v);
    else vstore_n(f, v, n);
  }
}

/// 1 / x for finite x below 2^126, to about one unit in the last place.
INLINE vf vreciprocal(vf x) {
#if APUS_X86 && APUS_LANES == 16
  vf r = (vf)_mm512_rcp14_ps((__m512)x);
  return r + r * (1.0f - x * r);
#else
  return 1.0f / x;
#endif
}

INLINE vf vsqrt(vf x) { return __builtin_elementwise_sqrt(x); }

INLINE float vsum(vf v) {
  float lanes[APUS_LANES], s = 0;
  vstore(lanes, v);
  for (int width = APUS_LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  s = lanes[0];
  return s;
}

INLINE float vhmax(vf v) {
  float lanes[APUS_LANES];
  vstore(lanes, v);
  float m = lanes[0];
  for (int i = 1; i < APUS_LANES; i++) m = lanes[i] > m || lanes[i] != lanes[i] ? lanes[i] : m;
  return m;
}

/// Nearest integers (ties to even) of values below 2^22 in size.
INLINE vi vround_int(vf x) { return (vi)(x + 12582912.0f) - 0x4b400000; }
