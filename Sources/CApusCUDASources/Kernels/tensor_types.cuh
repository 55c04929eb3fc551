// Every element type of a tensor: how element `i` lies in memory (Store), and the type it is computed in (Wide).
// Needs common.cuh.
#pragma once

template <class T> struct Rounded {
  typedef typename T::Store Store;
  typedef float Wide;
  static __device__ Wide read(const Store *p, long long i) { return T::load(p[i]); }
  static __device__ void write(Store *p, long long i, Wide x) { p[i] = T::store(x); }
  static __device__ double rounded(double x) { return T::load(T::store((float)x)); }
};
typedef Rounded<F16> Float16;
typedef Rounded<BF16> BFloat16;
typedef Rounded<F32> Float32;

struct Float64 {
  typedef double Store;
  typedef double Wide;
  static __device__ Wide read(const Store *p, long long i) { return p[i]; }
  static __device__ void write(Store *p, long long i, Wide x) { p[i] = x; }
  static __device__ double rounded(double x) { return x; }
};

/// Integers of whole bytes; what does not fit wraps.
template <class S> struct Whole {
  typedef S Store;
  typedef long long Wide;
  static __device__ Wide read(const Store *p, long long i) { return (Wide)p[i]; }
  static __device__ void write(Store *p, long long i, Wide x) { p[i] = (S)x; }
};

/// Integers of 2 or 4 bits, the first element in the lowest bits of a byte.
template <int BITS, bool SIGNED> struct Nibble {
  typedef unsigned char Store;
  typedef long long Wide;
  static __device__ Wide read(const Store *p, long long i) {
    const int bits = p[i * BITS / 8] >> (i * BITS % 8) & ((1 << BITS) - 1);
    return SIGNED && bits >> (BITS - 1) ? bits - (1 << BITS) : bits;
  }
};

/// 2 to the power of `n`, for every `n` that a double holds without denormals.
__device__ inline double powerOfTwo(int n) { return __longlong_as_double((long long)(n + 1023) << 52); }
__device__ inline int binaryExponent(double x) { return (int)(__double_as_longlong(x) >> 52 & 2047) - 1023; }

/// Floating-point types of eight bits and fewer. CODE is that of NaN, or -1 where there is none; UNSIGNED says that
/// negative zero is NaN.
template <int EXPONENT, int MANTISSA, int BIAS, bool IEEE, int CODE, bool UNSIGNED> struct Small {
  typedef unsigned char Store;
  typedef float Wide;
  static constexpr int BITS = 1 + EXPONENT + MANTISSA;
  static __device__ float decode(u32 bits) {
    const u32 magnitude = bits & ((1u << (BITS - 1)) - 1);
    const int e = (int)(magnitude >> MANTISSA);
    const double m = (double)(magnitude & ((1u << MANTISSA) - 1));
    if (!IEEE && CODE >= 0 && (bits == (u32)CODE || (!UNSIGNED && magnitude == (u32)CODE)))
      return __int_as_float(0x7fffffff);
    double x;
    if (IEEE && e == (1 << EXPONENT) - 1)
      x = m == 0 ? __int_as_float(0x7f800000) : __int_as_float(0x7fffffff);
    else if (e == 0)
      x = m * powerOfTwo(1 - BIAS - MANTISSA);
    else
      x = (1 + m * powerOfTwo(-MANTISSA)) * powerOfTwo(e - BIAS);
    return (float)(bits >> (BITS - 1) & 1 ? -x : x);
  }
  static __device__ u32 encode(double x, bool saturate) {
    if (x != x) return CODE >= 0 ? CODE : 0;
    const u32 sign = __double_as_longlong(x) < 0 ? 1u << (BITS - 1) : 0;
    const double size = fabs(x);
    constexpr int TOP = (1 << EXPONENT) - (IEEE ? 2 : 1);
    // The top code of some formats is taken by NaN.
    constexpr bool TAKEN = !IEEE && CODE == (1 << (BITS - 1)) - 1;
    constexpr u32 LARGEST = ((u32)TOP << MANTISSA | ((1u << MANTISSA) - 1)) - (TAKEN ? 1 : 0);
    int e = binaryExponent(size);
    if (e < 1 - BIAS) e = 1 - BIAS;
    const double quantum = powerOfTwo(e - MANTISSA);
    const double units = size > 1e300 ? size : rint(size / quantum);
    if (size > 1e300 || units * quantum > (double)decode(LARGEST)) {
      if (saturate || CODE < 0) return sign | LARGEST;
      if (IEEE) return sign | (((1u << EXPONENT) - 1) << MANTISSA);
      return UNSIGNED ? 0x80 : sign | (u32)CODE;
    }
    if (units == 0) return UNSIGNED ? 0 : sign;
    const double value = units * quantum;
    if (value < powerOfTwo(1 - BIAS)) return sign | (u32)(value * powerOfTwo(BIAS + MANTISSA - 1));
    e = binaryExponent(value);
    const u32 m = (u32)((value * powerOfTwo(-e) - 1) * (1 << MANTISSA));
    return sign | (u32)(e + BIAS) << MANTISSA | m;
  }
  static __device__ Wide read(const Store *p, long long i) {
    return decode(p[i * BITS / 8] >> (i * BITS % 8) & ((1 << BITS) - 1));
  }
};
typedef Small<4, 3, 7, false, 0x7f, false> Float8E4M3;
typedef Small<4, 3, 8, false, 0x80, true> Float8E4M3Z;
typedef Small<5, 2, 15, true, 0x7f, false> Float8E5M2;
typedef Small<5, 2, 16, false, 0x80, true> Float8E5M2Z;
typedef Small<2, 1, 1, false, -1, false> Float4;

/// Powers of two as scales.
struct Float8E8M0 {
  typedef unsigned char Store;
  typedef float Wide;
  static __device__ Wide read(const Store *p, long long i) {
    return p[i] == 255 ? __int_as_float(0x7fffffff) : (float)powerOfTwo((int)p[i] - 127);
  }
};
