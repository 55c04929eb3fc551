// Elementary functions on vectors, for the level being compiled. The polynomials are weighted minimax fits.
#define vexp FN(apus_vexp)
#define vexp_inside FN(apus_vexp_inside)
#define vexp_flushed FN(apus_vexp_flushed)
#define vexpm1 FN(apus_vexpm1)
#define vlog FN(apus_vlog)
#define vtanh FN(apus_vtanh)
#define verf FN(apus_verf)
#define vsigmoid FN(apus_vsigmoid)
#define vsilu FN(apus_vsilu)
#define vgelu FN(apus_vgelu)
#define vsilu_short FN(apus_vsilu_short)
#define vsoftplus FN(apus_vsoftplus)
#define vpow2 FN(apus_vpow2)

/// 2^n for -126 <= n <= 127.
INLINE vf vpow2(vi n) { return (vf)((n + 127) << 23); }

/// e^x for x from -104 to 89.
INLINE vf vexp_inside(vf x) {
  vf shifted = x * 1.44269504f + 12582912.0f;
  vf whole = shifted - 12582912.0f;
  vf r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  vf p = r * 1.381446476e-3f + 8.368780623e-3f;
  p = p * r + 4.166839426e-2f;
  p = p * r + 1.666652011e-1f;
  p = p * r + 4.999999341e-1f;
  p = p * (r * r) + r + 1.0f;
#if APUS_X86 && APUS_LANES == 16
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)whole);
#else
  // In two steps, because n reaches beyond the exponents of normal numbers.
  vi n = (vi)shifted - 0x4b400000;
  vi half = n >> 1;
  return p * vpow2(half) * vpow2(n - half);
#endif
}

/// e^x; 0 and infinity at the ends, denormals included.
INLINE vf vexp(vf x) { return vexp_inside(vmin(vset(89.0f), vmax(vset(-104.0f), x))); }

/// e^x for x up to 89 where tiny results count as nothing: below e^-80 it is 0, so that what is computed from it stays
/// out of the denormals, which take a hundred times as long.
INLINE vf vexp_flushed(vf x) {
  return vselect(x < -80.0f, vset(0.0f), vexp_inside(vmin(vset(89.0f), vmax(vset(-80.0f), x))));
}

/// e^x - 1 without cancellation near zero.
INLINE vf vexpm1(vf x) {
  x = vmin(vset(88.5f), vmax(vset(-20.0f), x));
  vf shifted = x * 1.44269504f + 12582912.0f;
  vi n = (vi)shifted - 0x4b400000;
  vf whole = shifted - 12582912.0f;
  vf r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  vf p = r * 1.979024858e-4f + 1.394475916e-3f;
  p = p * r + 8.333497669e-3f;
  p = p * r + 4.166629362e-2f;
  p = p * r + 1.666666586e-1f;
  p = p * r + 5.000000068e-1f;
  p = p * (r * r) + r;
  vi half = n >> 1;
  vf scale = vpow2(half) * vpow2(n - half);
  return p * scale + (scale - 1.0f);
}

/// Natural logarithm: -infinity at 0, NaN below.
INLINE vf vlog(vf x) {
  vi tiny = (x < 1.17549435e-38f) & (x > 0.0f);
  vf scaled = vselect(tiny, x * 8388608.0f, x);
  vi bits = (vi)scaled;
  // The mantissa is brought to [sqrt 1/2, sqrt 2).
  vi e = (bits - 0x3f3504f3) >> 23;
  vf m = (vf)(bits - (e << 23));
  vf exponent = __builtin_convertvector(e, vf) - (vf)(tiny & (vi)vset(23.0f));
  vf f = m - 1.0f;
  vf p = f * 6.916418407e-2f - 1.179160928e-1f;
  p = p * f + 1.187346842e-1f;
  p = p * f - 1.238409565e-1f;
  p = p * f + 1.421856446e-1f;
  p = p * f - 1.666926130e-1f;
  p = p * f + 2.000223122e-1f;
  p = p * f - 2.499998648e-1f;
  p = p * f + 3.333331038e-1f;
  vf f2 = f * f;
  vf y = exponent * 0.693359375f + (f - (f2 * 0.5f - (f2 * f * p - exponent * 2.12194440e-4f)));
  y = vselect(x == 0.0f, vset(-__builtin_inff()), y);
  y = vselect((x < 0.0f) | (x != x), vset(__builtin_nanf("")), y);
  return vselect(x == __builtin_inff(), x, y);
}

INLINE vf vtanh(vf x) {
  vi sign = (vi)x & vseti((int32_t)0x80000000);
  vf t = (vf)((vi)x ^ sign);
  vf s = x * x;
  vf p = s * -5.468263762e-3f + 2.041518889e-2f;
  p = p * s - 5.366527883e-2f;
  p = p * s + 1.333041512e-1f;
  p = p * s - 3.333322927e-1f;
  p = p * s * x + x;
  vf e = vexp(vmin(vset(20.0f), t + t));
  vf big = (vf)((vi)(1.0f - 2.0f * vreciprocal(e + 1.0f)) | sign);
  return vselect(t < 0.65f, p, big);
}

INLINE vf verf(vf x) {
  vi sign = (vi)x & vseti((int32_t)0x80000000);
  vf t = (vf)((vi)x ^ sign);
  vf s = x * x;
  vf p = s * 7.853857699e-5f - 8.010192519e-4f;
  p = p * s + 5.188327560e-3f;
  p = p * s - 2.685381187e-2f;
  p = p * s + 1.128358515e-1f;
  p = p * s - 3.761262582e-1f;
  p = p * s + 1.128379166f;
  vf c = vmin(vset(4.0f), t);
  // -log(1 - erf c)
  vf q = c * -9.105497678e-8f + 2.299559758e-5f;
  q = q * c - 4.493984838e-4f;
  q = q * c + 4.232370388e-3f;
  q = q * c - 2.526702019e-2f;
  q = q * c + 1.084965092e-1f;
  q = q * c + 6.331565194e-1f;
  q = q * c + 1.129607331f;
  q = q * c - 1.937062981e-4f;
  vf big = (vf)((vi)(1.0f - vexp(-q)) | sign);
  return vselect(t < 1.0f, p * x, big);
}

INLINE vf vsigmoid(vf x) {
  vf e = vexp_inside(vmin(vset(87.0f), vmax(vset(-87.0f), -x)));
  return vreciprocal(1.0f + e);
}

/// x * sigmoid(alpha * x) at the end of a product: relative error below 2^-17, for |x| up to 8 below 2^-20.
INLINE vf vsilu(vf x, float alpha) {
#if APUS_X86 && APUS_LANES == 16
  // 2^t as 2^floor(t) times a polynomial of the rest; the bound keeps the sum finite.
  const vf t = vmin(vset(126.0f), x * (alpha * -1.44269504f));
  const vf f = (vf)_mm512_reduce_ps((__m512)t, _MM_FROUND_TO_NEG_INF);
  vf p = f * 1.877576578e-3f + 8.989340626e-3f;
  p = p * f + 5.582631752e-2f;
  p = p * f + 2.401536107e-1f;
  p = p * f + 6.931530833e-1f;
  p = p * f + 9.999999404e-1f;
  return x * vreciprocal(1.0f + (vf)_mm512_scalef_ps((__m512)p, (__m512)t));
#else
  return x * vsigmoid(alpha * x);
#endif
}

/// x * sigmoid(alpha * x) for a BF16 result: relative error below 2^-13.
INLINE vf vsilu_short(vf x, float alpha) {
#if APUS_X86 && APUS_LANES == 16
  // 2^t as 2^floor(t) times a polynomial of the rest.
  const vf t = x * (alpha * -1.44269504f);
  const vf f = (vf)_mm512_reduce_ps((__m512)t, _MM_FROUND_TO_NEG_INF);
  vf p = f * 1.353416049e-2f + 5.201147487e-2f;
  p = p * f + 2.414427485e-1f;
  p = p * f + 6.930038360e-1f;
  p = p * f + 1.000002593f;
  const vf e = (vf)_mm512_scalef_ps((__m512)p, (__m512)t);
  return x * (vf)_mm512_rcp14_ps((__m512)(1.0f + e));
#else
  return x * vsigmoid(alpha * x);
#endif
}

/// x / 2 * (1 + erf(x / sqrt 2)) at the end of a product: absolute error below 2^-20 for |x| up to 12.
///
/// max(x, 0) - |x| erfc(|x| / sqrt 2) / 2; erfc by Abramowitz and Stegun, "Handbook of mathematical functions", 7.1.26.
INLINE vf vgelu(vf x) {
#if APUS_X86 && APUS_LANES == 16
  const vf a = vmin(vset(12.0f), (vf)((vi)x & 0x7fffffff));
  const vf k = vreciprocal(a * 0.231641888f + 1.0f);
  const vf t = a * a * -0.721347520f;
  const vf f = (vf)_mm512_reduce_ps((__m512)t, _MM_FROUND_TO_NEG_INF);
  vf p = f * 1.877576578e-3f + 8.989340626e-3f;
  p = p * f + 5.582631752e-2f;
  p = p * f + 2.401536107e-1f;
  p = p * f + 6.931530833e-1f;
  p = p * f + 9.999999404e-1f;
  vf q = k * 0.530702715f - 0.726576014f;
  q = q * k + 0.710706871f;
  q = q * k - 0.142248368f;
  q = q * k + 0.127414796f;
  const vf tail = (vf)_mm512_scalef_ps((__m512)(p * q * k), (__m512)t);
  return vmax(vset(0.0f), x) - a * tail;
#else
  return 0.5f * x * (1.0f + verf(x * 0.707106781f));
#endif
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
INLINE vf vsoftplus(vf x) {
  vf positive = vmax(vset(0.0f), x);
  vf e = vexp(-(vf)((vi)x & 0x7fffffff));
  // log1p(e) = log(u) * e / (u - 1) with u the rounded 1 + e
  vf u = 1.0f + e;
  vf exact = vlog(u) * (e / (u - 1.0f));
  return positive + vselect(u == 1.0f, e, exact);
}

#define vsin FN(apus_vsin)
#define vcos FN(apus_vcos)
#define vsincos_quadrant FN(apus_vsincos_quadrant)

/// sin(x + quadrant * pi / 2) for |x| up to 8192.
INLINE vf vsincos_quadrant(vf x, int32_t quadrant) {
  vf shifted = x * 0.636619772f + 12582912.0f;
  vi n = ((vi)shifted - 0x4b400000) + quadrant;
  vf whole = shifted - 12582912.0f;
  vf r = ((x - whole * 1.5703125f) - whole * 4.837512969970703e-4f) - whole * 7.549789948768648e-8f;
  vf s = r * r;
  vf sine = ((s * -1.951665472e-4f + 8.332173533e-3f) * s - 1.666665487e-1f) * s * r + r;
  vf cosine = ((s * 2.443772819e-5f - 1.388736143e-3f) * s + 4.166664675e-2f) * (s * s) + (1.0f - 0.5f * s);
  vf y = vselect((n & 1) == 0, sine, cosine);
  return (vf)((vi)y ^ ((n & 2) << 30));
}
INLINE vf vsin(vf x) { return vsincos_quadrant(x, 0); }
INLINE vf vcos(vf x) { return vsincos_quadrant(x, 1); }
