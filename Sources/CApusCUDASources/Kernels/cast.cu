// Elements of one type as another (ONNX Cast), also types under eight bits, which are packed; a thread writes one Store.
//
// Prologue: IN OUT (`Element_…`) COUNT SATURATE ROUND (for f8e8m0: 0 up, 1 down, 2 nearest) ITEMS THREADS.
// grid ceil(ITEMS / THREADS), block THREADS; ITEMS is the number of Stores of the output.
#include "elements.cuh"

/// A power of two from 2^-127 (code 0) to 2^127 (code 254); 255 is no number.
__device__ inline u32 scaleCode(float x) {
  if (x != x) return 255;
  const float magnitude = fabsf(x);
  if (magnitude == __int_as_float(0x7f800000)) return SATURATE ? 254 : 255;
  if (magnitude == 0.0f) return SATURATE ? 0 : 255;
  int exponent;
  // Between a half and one.
  const float part = frexpf(magnitude, &exponent);
  exponent -= 1;
  if (ROUND == 0 ? part > 0.5f : ROUND == 2 && part >= 0.75f) exponent += 1;
  if (exponent < -127) return SATURATE ? 0 : 255;
  if (exponent > 127) return SATURATE ? 254 : 255;
  return (u32)(exponent + 127);
}

template <class T> struct CastWriter {
  static __device__ void write(typename T::Store *output, const IN::Store *input, long long group) {
    ElementWriter<T>::write(output, group, COUNT, SATURATE, [&](long long i) { return loadAs<T, IN>(input, i); });
  }
};
template <> struct CastWriter<Element_f8e8m0> {
  static __device__ void write(unsigned char *output, const IN::Store *input, long long group) {
    output[group] = (unsigned char)scaleCode(loadAs<Element_f32, IN>(input, group));
  }
};

extern "C" __global__ void __launch_bounds__(THREADS)
    cast(const IN::Store *__restrict__ input, OUT::Store *__restrict__ output) {
  allowSuccessor();
  waitForPredecessor();
  const long long group = blockIdx.x * (long long)THREADS + threadIdx.x;
  if (group < ITEMS) CastWriter<OUT>::write(output, input, group);
}
