// Hopper's own instructions: barriers that count bytes, the bulk copy engine, warpgroup matrix products (sm_90a).
#pragma once

/// An opaque tensor map, passed by value as a kernel parameter.
struct __align__(64) TensorMap { u64 words[16]; };

__device__ inline void barrierInit(u32 barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
__device__ inline void barrierExpect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ inline void barrierArrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
/// Arrives once this thread's copies so far have landed, in place of a plain arrival.
__device__ inline void barrierArriveAfterCopies(u32 barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}
__device__ inline void barrierWait(u32 barrier, u32 parity) {
  asm volatile(
      "{\n.reg .pred p;\nWAIT:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@p bra DONE;\nbra WAIT;\nDONE:\n}"
      ::"r"(barrier), "r"(parity)
      : "memory");
}
__device__ inline void prefetchMap(const TensorMap *map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory");
}
__device__ inline void fenceAsyncProxy() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

__device__ inline void copyTile2(u32 shared, const TensorMap *map, int x, int y, u32 barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
                   shared), "l"(map), "r"(x), "r"(y), "r"(barrier)
               : "memory");
}
/// Copies the window position (offsetH, offsetW) of consecutive output pixels, the first window starting at (n, h, w).
__device__ inline void copyWindows(u32 shared, const TensorMap *map, int c, int w, int h, int n, int offsetW,
                                   int offsetH, u32 barrier) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4, %5}], "
      "[%6], {%7, %8};" ::"r"(shared), "l"(map), "r"(c), "r"(w), "r"(h), "r"(n), "r"(barrier), "h"((u16)offsetW),
      "h"((u16)offsetH)
      : "memory");
}

/// Descriptor of a K-major tile of 128-byte rows in the 128-byte swizzle, eight rows every 1024 bytes.
__device__ inline u64 tileDescriptor(u32 shared) {
  return (u64)((shared & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}
__device__ inline void productsBegin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void productsCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING> __device__ inline void productsWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

#define P10(d) "%" #d "0,%" #d "1,%" #d "2,%" #d "3,%" #d "4,%" #d "5,%" #d "6,%" #d "7,%" #d "8,%" #d "9"
#define P0_9 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9"
#define F4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define F16X(i) F4(i), F4(i + 4), F4(i + 8), F4(i + 12)
#define WGMMA(SHAPE, TYPE, TAIL, OPERANDS, A, B, P, ...)                                                            \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #P ", 0;\nwgmma.mma_async.sync.aligned." SHAPE ".f32." TYPE      \
               "." TYPE " {" OPERANDS "}, %" #A ", %" #B ", p, 1, 1" TAIL ";\n}"                                     \
               : __VA_ARGS__                                                                                         \
               : "l"(a), "l"(b), "r"(accumulate))
#define WGMMA_SHAPES(TYPE, K, TAIL)                                                                                  \
  static __device__ inline void run(float (&d)[32], u64 a, u64 b, int accumulate) {                                  \
    WGMMA("m64n64k" K, TYPE, TAIL, P0_9 "," P10(1) "," P10(2) ",%30,%31", 32, 33, 34, F16X(0), F16X(16));             \
  }                                                                                                                  \
  static __device__ inline void run(float (&d)[64], u64 a, u64 b, int accumulate) {                                  \
    WGMMA("m64n128k" K, TYPE, TAIL,                                                                                  \
          P0_9 "," P10(1) "," P10(2) "," P10(3) "," P10(4) "," P10(5) ",%60,%61,%62,%63",                             \
          64, 65, 66, F16X(0), F16X(16), F16X(32), F16X(48));                                                         \
  }                                                                                                                  \
  static __device__ inline void run(float (&d)[96], u64 a, u64 b, int accumulate) {                                  \
    WGMMA("m64n192k" K, TYPE, TAIL,                                                                                  \
          P0_9 "," P10(1) "," P10(2) "," P10(3) "," P10(4) "," P10(5) "," P10(6) "," P10(7) "," P10(8)                \
          ",%90,%91,%92,%93,%94,%95",                                                                                \
          96, 97, 98, F16X(0), F16X(16), F16X(32), F16X(48), F16X(64), F16X(80));                                     \
  }                                                                                                                  \
  static __device__ inline void run(float (&d)[128], u64 a, u64 b, int accumulate) {                                 \
    WGMMA("m64n256k" K, TYPE, TAIL,                                                                                  \
          P0_9 "," P10(1) "," P10(2) "," P10(3) "," P10(4) "," P10(5) "," P10(6) "," P10(7) "," P10(8) "," P10(9)     \
          "," P10(10) "," P10(11) ",%120,%121,%122,%123,%124,%125,%126,%127",                                        \
          128, 129, 130, F16X(0), F16X(16), F16X(32), F16X(48), F16X(64), F16X(80), F16X(96), F16X(112));             \
  }

#define WGMMA_REGISTERS(SHAPE, OPERANDS, A0, A1, A2, A3, B, P, ...)                                                    \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #P ", 0;\nwgmma.mma_async.sync.aligned." SHAPE "k8.f32.tf32.tf32"    \
               " {" OPERANDS "}, {%" #A0 ", %" #A1 ", %" #A2 ", %" #A3 "}, %" #B ", p, 1, 1;\n}"                       \
               : __VA_ARGS__                                                                                         \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate))

/// d += A * B for 64 rows, 2 * the array's size columns and 32 bytes of the reduction.
template <class T> struct WarpgroupProduct;
template <> struct WarpgroupProduct<F16> { WGMMA_SHAPES("f16", "16", ", 0, 0") };
template <> struct WarpgroupProduct<BF16> { WGMMA_SHAPES("bf16", "16", ", 0, 0") };
template <> struct WarpgroupProduct<TF32> {
  WGMMA_SHAPES("tf32", "8", "")
  // The rows from registers: those of a warp as ldmatrix leaves them.
  static __device__ inline void run(float (&d)[32], const u32 (&a)[4], u64 b, int accumulate) {
    WGMMA_REGISTERS("m64n64", P0_9 "," P10(1) "," P10(2) ",%30,%31", 32, 33, 34, 35, 36, 37, F16X(0), F16X(16));
  }
  static __device__ inline void run(float (&d)[64], const u32 (&a)[4], u64 b, int accumulate) {
    WGMMA_REGISTERS("m64n128", P0_9 "," P10(1) "," P10(2) "," P10(3) "," P10(4) "," P10(5) ",%60,%61,%62,%63",
                    64, 65, 66, 67, 68, 69, F16X(0), F16X(16), F16X(32), F16X(48));
  }
};
