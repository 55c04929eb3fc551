// Element types, vector access, asynchronous copies and launch dependencies shared by every kernel. No header of the
// CUDA toolkit is needed: sources are compiled at run time, where only the compiler itself is sure to be there.
#pragma once

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifndef __CUDA_ARCH__
#define __CUDA_ARCH__ 900
#endif

/// IEEE half precision.
struct F16 {
  typedef u16 Store;
  static __device__ float load(Store x) {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x));
    return f;
  }
  static __device__ Store store(float x) {
    Store h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
    return h;
  }
  static __device__ u32 pack(float low, float high) {
    u32 r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
  }
  static __device__ u32 multiply2(u32 a, u32 b) {
    u32 r;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));
    return r;
  }
};

/// bfloat16.
struct BF16 {
  typedef u16 Store;
  static __device__ float load(Store x) { return __uint_as_float((u32)x << 16); }
  static __device__ Store store(float x) {
    Store h;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(h) : "f"(x));
    return h;
  }
  static __device__ u32 pack(float low, float high) {
    u32 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
    return r;
  }
  static __device__ u32 multiply2(u32 a, u32 b) {
    float lo = __uint_as_float(a << 16) * __uint_as_float(b << 16);
    float hi = __uint_as_float(a & 0xffff0000u) * __uint_as_float(b & 0xffff0000u);
    return pack(lo, hi);
  }
};

/// IEEE single precision.
struct F32 {
  typedef float Store;
  static __device__ float load(Store x) { return x; }
  static __device__ Store store(float x) { return x; }
};

/// Single precision in memory, ten bits of mantissa in the tensor cores.
struct TF32 : F32 {};

/// Single precision, multiplied on the tensor cores as three TF32 products of split operands: about 21 bits.
struct F32X3 : F32 {};

/// Unsigned bytes, as pictures have them.
struct U8 {
  typedef unsigned char Store;
  static __device__ float load(Store x) { return (float)x; }
  static __device__ Store store(float x) { return (Store)__float2int_rn(fminf(fmaxf(x, 0.0f), 255.0f)); }
};

template <int BYTES> struct Raw;
template <> struct Raw<1> { typedef unsigned char T; };
template <> struct Raw<2> { typedef u16 T; };
template <> struct Raw<4> { typedef u32 T; };
template <> struct Raw<8> { typedef uint2 T; };
template <> struct Raw<16> { typedef uint4 T; };

/// Loads V consecutive elements in accesses of at most 16 bytes; `p` is aligned to the access.
template <class T, int V> __device__ inline void loadVector(float (&v)[V], const typename T::Store *p) {
  constexpr int WIDTH = V * (int)sizeof(typename T::Store) > 16 ? 16 / (int)sizeof(typename T::Store) : V;
  typedef typename Raw<WIDTH * sizeof(typename T::Store)>::T Word;
#pragma unroll
  for (int i = 0; i < V; i += WIDTH) {
    union {
      Word word;
      typename T::Store element[WIDTH];
    } u;
    u.word = *(const Word *)(p + i);
#pragma unroll
    for (int j = 0; j < WIDTH; j++) v[i + j] = T::load(u.element[j]);
  }
}

template <class T, int V> __device__ inline void storeVector(typename T::Store *p, const float (&v)[V]) {
  constexpr int WIDTH = V * (int)sizeof(typename T::Store) > 16 ? 16 / (int)sizeof(typename T::Store) : V;
  typedef typename Raw<WIDTH * sizeof(typename T::Store)>::T Word;
#pragma unroll
  for (int i = 0; i < V; i += WIDTH) {
    union {
      Word word;
      typename T::Store element[WIDTH];
    } u;
#pragma unroll
    for (int j = 0; j < WIDTH; j++) u.element[j] = T::store(v[i + j]);
    *(Word *)(p + i) = u.word;
  }
}

__device__ inline u32 sharedAddress(const void *p) { return (u32)__cvta_generic_to_shared(p); }

/// Copies 16 bytes to shared memory without passing registers; zeros where `valid` is false.
__device__ inline void copyAsync16(u32 shared, const void *global, bool valid) {
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(bytes) : "memory");
}
__device__ inline void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING> __device__ inline void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/// Waits until the kernels before this one in the stream have ended and their writes are visible. What comes before
/// may touch constants only.
__device__ inline void waitForPredecessor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
/// Lets the next kernel of the stream start its own prologue.
__device__ inline void allowSuccessor() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ inline void prefetchL2(const void *p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }

#if __CUDA_ARCH__ >= 900
__device__ inline u32 clusterRank() {
  u32 r;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
  return r;
}
__device__ inline void clusterBarrier() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
/// Address of a peer's shared memory in the cluster's window.
__device__ inline u32 peerAddress(u32 shared, u32 rank) {
  u32 r;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(r) : "r"(shared), "r"(rank));
  return r;
}
__device__ inline float4 loadPeer4(u32 address) {
  float4 v;
  asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "r"(address)
               : "memory");
  return v;
}
__device__ inline float loadPeer(u32 address) {
  float v;
  asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(v) : "r"(address) : "memory");
  return v;
}
#endif

__device__ inline float warpSum(float x) {
#pragma unroll
  for (int i = 16; i > 0; i >>= 1) x += __shfl_xor_sync(0xffffffffu, x, i);
  return x;
}
__device__ inline float warpMax(float x) {
#pragma unroll
  for (int i = 16; i > 0; i >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, i));
  return x;
}
