// Every element type as kernels of any type see it: how an element lies in memory (`Store`), the number that it is
// computed in (`Number`), and how many elements share a `Store` (`PER`; types under eight bits are packed, low bits
// first). The names are those of the types, `Element_f16`.
#pragma once
#include "common.cuh"

/// A type that C knows.
template <class STORE, class NUMBER> struct WholeElement {
  typedef STORE Store;
  typedef NUMBER Number;
  static constexpr int PER = 1;
  static __device__ Number load(const Store *p, long long i) { return (Number)p[i]; }
  static __device__ void put(Store *p, long long i, Number x) { p[i] = (Store)x; }
};

struct Element_f32 : WholeElement<float, float> {};
struct Element_f64 : WholeElement<double, double> {};
struct Element_i8 : WholeElement<signed char, long long> {};
struct Element_i16 : WholeElement<short, long long> {};
struct Element_i32 : WholeElement<int, long long> {};
struct Element_i64 : WholeElement<long long, long long> {};
struct Element_u8 : WholeElement<unsigned char, long long> {};
struct Element_u16 : WholeElement<u16, long long> {};
struct Element_u32 : WholeElement<u32, long long> {};
struct Element_u64 : WholeElement<u64, u64> {};

struct Element_bool {
  typedef unsigned char Store;
  typedef long long Number;
  static constexpr int PER = 1;
  static __device__ Number load(const Store *p, long long i) { return p[i] != 0; }
  static __device__ void put(Store *p, long long i, Number x) { p[i] = x != 0; }
};

template <class HALF> struct HalfElement {
  typedef u16 Store;
  typedef float Number;
  static constexpr int PER = 1;
  static __device__ Number load(const Store *p, long long i) { return HALF::load(p[i]); }
  static __device__ void put(Store *p, long long i, Number x) { p[i] = HALF::store(x); }
};
struct Element_f16 : HalfElement<F16> {};
struct Element_bf16 : HalfElement<BF16> {};

/// Integers of two or four bits.
template <int BITS, bool SIGNED> struct PackedInteger {
  typedef unsigned char Store;
  typedef long long Number;
  static constexpr int PER = 8 / BITS;
  static __device__ Number load(const Store *p, long long i) {
    const int x = p[i / PER] >> (int)(i % PER) * BITS & ((1 << BITS) - 1);
    return SIGNED && x >> (BITS - 1) ? x - (1 << BITS) : x;
  }
  static __device__ u32 bits(Number x, bool) { return (u32)x & ((1u << BITS) - 1); }
};
struct Element_i2 : PackedInteger<2, true> {};
struct Element_u2 : PackedInteger<2, false> {};
struct Element_i4 : PackedInteger<4, true> {};
struct Element_u4 : PackedInteger<4, false> {};

/// Floats of a byte and fewer. `TOP` is the code of the largest number, `OVER` what is beyond becomes without saturation
/// (no sign where zero has none), `NONE` the code of what is no number.
template <int EXPONENT, int MANTISSA, int ZERO_EXPONENT, u32 TOP, u32 OVER, u32 NONE, bool IEEE, bool UNSIGNED_ZERO>
struct MiniFloat {
  typedef unsigned char Store;
  typedef float Number;
  static constexpr int WIDTH = 1 + EXPONENT + MANTISSA;
  static constexpr int PER = 8 / WIDTH;
  static __device__ Number decode(u32 code) {
    const u32 magnitude = code & ((1u << (WIDTH - 1)) - 1);
    if (WIDTH == 8 && (UNSIGNED_ZERO ? code == NONE : magnitude > TOP))
      return IEEE && magnitude == OVER ? (code >> (WIDTH - 1) ? -1.0f : 1.0f) * __int_as_float(0x7f800000)
                                       : __int_as_float(0x7fffffff);
    const int exponent = (int)(magnitude >> MANTISSA);
    const float mantissa = (float)(magnitude & ((1u << MANTISSA) - 1));
    const float x = exponent == 0 ? ldexpf(mantissa, 1 - ZERO_EXPONENT - MANTISSA)
                                  : ldexpf(mantissa + (float)(1 << MANTISSA), exponent - ZERO_EXPONENT - MANTISSA);
    return code >> (WIDTH - 1) ? -x : x;
  }
  static __device__ Number load(const Store *p, long long i) {
    return decode(p[i / PER] >> (int)(i % PER) * WIDTH % 8 & ((1u << WIDTH) - 1));
  }
  /// Rounded to nearest even; with `saturate`, what is too large becomes the largest number.
  static __device__ u32 bits(Number x, bool saturate) {
    if (x != x) return NONE;
    const u32 sign = (u32)__float_as_int(x) >> 31 << (WIDTH - 1);
    const float magnitude = fabsf(x);
    u32 code = TOP + 1;
    if (magnitude < 1e30f) {
      const int binade = (int)((u32)__float_as_int(magnitude) >> 23) - 127;
      const int exponent = binade > 1 - ZERO_EXPONENT ? binade : 1 - ZERO_EXPONENT;
      code = ((u32)(exponent + ZERO_EXPONENT - 1) << MANTISSA) + (u32)rintf(ldexpf(magnitude, MANTISSA - exponent));
    }
    if (code > TOP) {
      if (saturate || WIDTH < 8) return sign | TOP;
      return UNSIGNED_ZERO ? OVER : sign | OVER;
    }
    return code == 0 && UNSIGNED_ZERO ? 0 : sign | code;
  }
};
struct Element_f8e4m3fn : MiniFloat<4, 3, 7, 0x7e, 0x7f, 0x7f, false, false> {};
struct Element_f8e5m2 : MiniFloat<5, 2, 15, 0x7b, 0x7c, 0x7f, true, false> {};
struct Element_f8e4m3fnuz : MiniFloat<4, 3, 8, 0x7f, 0x80, 0x80, false, true> {};
struct Element_f8e5m2fnuz : MiniFloat<5, 2, 16, 0x7f, 0x80, 0x80, false, true> {};
struct Element_f4e2m1 : MiniFloat<2, 1, 1, 0x7, 0x7, 0, false, false> {};

/// Powers of two; the kernels that write them round in a way of their own.
struct Element_f8e8m0 {
  typedef unsigned char Store;
  typedef float Number;
  static constexpr int PER = 1;
  static __device__ Number load(const Store *p, long long i) {
    return p[i] == 255 ? __int_as_float(0x7fffffff) : ldexpf(1.0f, (int)p[i] - 127);
  }
};

/// Elements of a `Store` written together: types under eight bits share a byte, and narrow floats may saturate.
template <class T> struct ElementWriter {
  static constexpr int BITS = 8 / T::PER;
  template <class F> static __device__ void write(typename T::Store *p, long long group, long long count, bool saturate, F at) {
    u32 word = 0;
    for (int j = 0; j < T::PER; j++)
      if (group * T::PER + j < count) word |= T::bits(at(group * T::PER + j), saturate) << j * BITS;
    p[group] = (typename T::Store)word;
  }
};
template <class T> struct WholeWriter {
  template <class F> static __device__ void write(typename T::Store *p, long long group, long long, bool, F at) {
    T::put(p, group, at(group));
  }
};
template <> struct ElementWriter<Element_bool> : WholeWriter<Element_bool> {};
template <> struct ElementWriter<Element_f16> : WholeWriter<Element_f16> {};
template <> struct ElementWriter<Element_bf16> : WholeWriter<Element_bf16> {};
template <> struct ElementWriter<Element_f32> : WholeWriter<Element_f32> {};
template <> struct ElementWriter<Element_f64> : WholeWriter<Element_f64> {};
template <> struct ElementWriter<Element_i8> : WholeWriter<Element_i8> {};
template <> struct ElementWriter<Element_i16> : WholeWriter<Element_i16> {};
template <> struct ElementWriter<Element_i32> : WholeWriter<Element_i32> {};
template <> struct ElementWriter<Element_i64> : WholeWriter<Element_i64> {};
template <> struct ElementWriter<Element_u8> : WholeWriter<Element_u8> {};
template <> struct ElementWriter<Element_u16> : WholeWriter<Element_u16> {};
template <> struct ElementWriter<Element_u32> : WholeWriter<Element_u32> {};
template <> struct ElementWriter<Element_u64> : WholeWriter<Element_u64> {};

/// Single precision of a double with its last bit set where something is cut off: rounding to a narrower type after
/// this is as good as rounding the double itself.
__device__ inline float roundedToOdd(double x) {
  const float f = (float)x;
  if (x != x || (double)f == x) return f;
  u32 b = __float_as_uint(f);
  if (fabs((double)f) > fabs(x)) b -= 1;
  return __uint_as_float(b | 1);
}

/// A number of one type as a number of another (ONNX Cast): floats are cut towards zero on the way to integers.
template <class TO, class NUMBER> struct Conversion {
  static __device__ typename TO::Number of(NUMBER x) { return (typename TO::Number)x; }
};
template <class NUMBER> struct Conversion<Element_bool, NUMBER> {
  static __device__ long long of(NUMBER x) { return x != 0; }
};
template <> struct Conversion<Element_u64, float> {
  static __device__ u64 of(float x) { return x < 0.0f ? (u64)(long long)x : (u64)x; }
};
template <> struct Conversion<Element_u64, double> {
  static __device__ u64 of(double x) { return x < 0.0 ? (u64)(long long)x : (u64)x; }
};
#define NARROW_FROM_DOUBLE(TYPE) \
  template <> struct Conversion<TYPE, double> { \
    static __device__ float of(double x) { return roundedToOdd(x); } \
  };
NARROW_FROM_DOUBLE(Element_f16)
NARROW_FROM_DOUBLE(Element_bf16)
NARROW_FROM_DOUBLE(Element_f8e4m3fn)
NARROW_FROM_DOUBLE(Element_f8e5m2)
NARROW_FROM_DOUBLE(Element_f8e4m3fnuz)
NARROW_FROM_DOUBLE(Element_f8e5m2fnuz)
NARROW_FROM_DOUBLE(Element_f4e2m1)
#undef NARROW_FROM_DOUBLE

/// Reads an element as another type's number.
template <class TO, class FROM> __device__ inline typename TO::Number loadAs(const typename FROM::Store *p, long long i) {
  return Conversion<TO, typename FROM::Number>::of(FROM::load(p, i));
}

/// Sum, product, … over the THREADS of a block in a fixed order; every thread gets it. `combine` takes two values.
template <int LANE_COUNT, class T, class F> __device__ inline T reduceBlock(T x, T *scratch, F combine) {
  if (LANE_COUNT == 1) return x;
  __syncthreads();
  scratch[threadIdx.x] = x;
  for (int half = LANE_COUNT / 2; half > 0; half /= 2) {
    __syncthreads();
    if ((int)threadIdx.x < half) scratch[threadIdx.x] = combine(scratch[threadIdx.x], scratch[threadIdx.x + half]);
  }
  __syncthreads();
  return scratch[0];
}

/// Offset of an item in an array with these extents and strides, both outermost first.
template <int RANK> __device__ inline long long offsetOf(long long item, const long long (&extents)[RANK], const long long (&strides)[RANK]) {
  long long at = 0;
#pragma unroll
  for (int d = RANK - 1; d >= 0; d--) {
    at += item % extents[d] * strides[d];
    item /= extents[d];
  }
  return at;
}
