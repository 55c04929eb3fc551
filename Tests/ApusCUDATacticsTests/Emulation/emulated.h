// Enough of CUDA C++ to run kernels without matrix instructions on the host, one block after the other. The threads of
// a block are contexts that hand over where they wait for each other.
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define __device__
#define __host__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __noinline__
#define __shared__ static
#define __constant__ static const
#define __align__(n) __attribute__((aligned(n)))
#define __restrict__ __restrict
#define __CUDA_ARCH__ 800

struct dim3 { unsigned x, y, z; };
struct __align__(8) uint2 { unsigned x, y; };
struct __align__(16) uint4 { unsigned x, y, z, w; };
struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

static dim3 threadIdx, blockIdx, blockDim, gridDim;

template <class To, class From> static inline To bitsOf(From x) {
  To y;
  memcpy(&y, &x, sizeof y);
  return y;
}
static inline float __int_as_float(int x) { return bitsOf<float>(x); }
static inline float __uint_as_float(unsigned x) { return bitsOf<float>(x); }
static inline int __float_as_int(float x) { return bitsOf<int>(x); }
static inline unsigned __float_as_uint(float x) { return bitsOf<unsigned>(x); }
static inline double __longlong_as_double(long long x) { return bitsOf<double>(x); }
static inline long long __double_as_longlong(double x) { return bitsOf<long long>(x); }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
#define __expf expf
#define __logf logf
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline long long min(long long a, long long b) { return a < b ? a : b; }
static inline long long max(long long a, long long b) { return a > b ? a : b; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __clz(unsigned x) { return x ? __builtin_clz(x) : 32; }

namespace emulated {
enum State { RUNNING, AT_BLOCK, AT_WARP, DONE };
constexpr int MOST = 1024;
constexpr size_t STACK = 1 << 17;
static ucontext_t contexts[MOST], start;
// Jumps, once a thread has begun: switching contexts would ask the kernel for signal masks.
static jmp_buf scheduler, places[MOST];
static bool hasBegun[MOST];
static State states[MOST];
static unsigned long long slots[MOST];
static int current, count;
static void (*body)();

static inline void wait(State state) {
  states[current] = state;
  if (!_setjmp(places[current])) _longjmp(scheduler, 1);
}
static void entry() {
  body();
  states[current] = DONE;
  _longjmp(scheduler, 1);
}
/// Lets threads on where all that live stand at the same barrier.
static bool release(int from, int to, State state) {
  bool any = false;
  for (int i = from; i < to; i++) {
    if (states[i] == DONE) continue;
    if (states[i] != state) return false;
    any = true;
  }
  for (int i = from; i < to && any; i++)
    if (states[i] == state) states[i] = RUNNING;
  return any;
}
static void place(int i) {
  current = i;
  threadIdx = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
}
static void runBlock() {
  static char *stacks = (char *)mmap(0, STACK * MOST, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  count = blockDim.x * blockDim.y * blockDim.z;
  for (int i = 0; i < count; i++) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_sp = stacks + STACK * i;
    contexts[i].uc_stack.ss_size = STACK;
    contexts[i].uc_link = &start;
    hasBegun[i] = false;
    makecontext(&contexts[i], entry, 0);
    states[i] = RUNNING;
  }
  for (;;) {
    volatile bool ran = false;
    // Not in a register: it is read behind a jump.
    for (volatile int i = 0; i < count; i++) {
      if (states[i] != RUNNING) continue;
      place(i);
      if (!_setjmp(scheduler)) {
        if (hasBegun[i]) _longjmp(places[i], 1);
        hasBegun[i] = true;
        setcontext(&contexts[i]);
      }
      ran = true;
    }
    for (int i = 0; i < count; i += 32) if (release(i, min(i + 32, count), AT_WARP)) ran = true;
    if (release(0, count, AT_BLOCK)) ran = true;
    if (ran) continue;
    for (int i = 0; i < count; i++)
      if (states[i] != DONE) {
        fprintf(stderr, "threads wait at different barriers\n");
        abort();
      }
    return;
  }
}
template <class T> static inline T exchange(T x, int lane) {
  unsigned long long bits = 0;
  memcpy(&bits, &x, sizeof x);
  slots[current] = bits;
  wait(AT_WARP);
  const int from = current / 32 * 32 + lane;
  T y = x;
  if (lane >= 0 && lane < 32 && from < count) memcpy(&y, &slots[from], sizeof y);
  wait(AT_WARP);
  return y;
}
/// A bit of each thread of the warp.
static inline unsigned gathered(bool x) {
  slots[current] = x;
  wait(AT_WARP);
  unsigned bits = 0;
  for (int lane = 0; lane < 32 && current / 32 * 32 + lane < count; lane++) bits |= (unsigned)slots[current / 32 * 32 + lane] << lane;
  wait(AT_WARP);
  return bits;
}
template <int... I> struct Indices {};
template <int N, int... I> struct Make : Make<N - 1, N - 1, I...> {};
template <int... I> struct Make<0, I...> { typedef Indices<I...> T; };

template <class... A> struct Call {
  static inline void (*kernel)(A...);
  static inline void **arguments;
  template <int... I> static void apply(Indices<I...>) { kernel(*(A *)arguments[I]...); }
  static void run() { apply(typename Make<sizeof...(A)>::T()); }
};
template <class... A>
static void launch(void (*kernel)(A...), void **arguments, const unsigned *geometry, bool isSimple) {
  Call<A...>::kernel = kernel;
  Call<A...>::arguments = arguments;
  body = Call<A...>::run;
  gridDim = {geometry[0], geometry[1], geometry[2]};
  blockDim = {geometry[3], geometry[4], geometry[5]};
  for (unsigned z = 0; z < gridDim.z; z++)
    for (unsigned y = 0; y < gridDim.y; y++)
      for (unsigned x = 0; x < gridDim.x; x++) {
        blockIdx = {x, y, z};
        if (!isSimple) {
          runBlock();
          continue;
        }
        const int threads = blockDim.x * blockDim.y * blockDim.z;
        for (int i = 0; i < threads; i++) {
          place(i);
          body();
        }
      }
}
}  // namespace emulated

static inline void __syncthreads() { emulated::wait(emulated::AT_BLOCK); }
static inline void __syncwarp(unsigned = 0xffffffffu) { emulated::wait(emulated::AT_WARP); }
template <class T> static inline T __shfl_xor_sync(unsigned, T x, int mask, int = 32) {
  return emulated::exchange(x, emulated::current % 32 ^ mask);
}
/// Every thread is alone where paths divide.
static inline unsigned __activemask() { return 1u << emulated::current % 32; }
template <class T> static inline T __shfl_sync(unsigned threads, T x, int lane, int width = 32) {
  if (threads == __activemask()) return x;
  return emulated::exchange(x, emulated::current % 32 / width * width + lane % width);
}
template <class T> static inline T __shfl_down_sync(unsigned, T x, int by, int = 32) {
  return emulated::exchange(x, emulated::current % 32 + by);
}
template <class T> static inline T __shfl_up_sync(unsigned, T x, int by, int = 32) {
  return emulated::exchange(x, emulated::current % 32 - by);
}
static inline unsigned __ballot_sync(unsigned, bool x) { return emulated::gathered(x); }
static inline unsigned __reduce_add_sync(unsigned, unsigned x) {
  unsigned sum = 0;
  for (int bit = 0; bit < 32; bit++) sum += (unsigned)__popc(emulated::gathered(x >> bit & 1)) << bit;
  return sum;
}
static inline unsigned atomicOr(unsigned *p, unsigned x) {
  const unsigned old = *p;
  *p |= x;
  return old;
}
static inline int atomicAdd(int *p, int x) {
  const int old = *p;
  *p += x;
  return old;
}
static inline unsigned atomicAdd(unsigned *p, unsigned x) {
  const unsigned old = *p;
  *p += x;
  return old;
}

static inline int atomicMax(int *p, int x) {
  const int old = *p;
  if (x > old) *p = x;
  return old;
}

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct F16 {
  typedef u16 Store;
  static float load(Store x) { return (float)bitsOf<_Float16>(x); }
  static Store store(float x) { return bitsOf<u16>((_Float16)x); }
};
struct BF16 {
  typedef u16 Store;
  static float load(Store x) { return __uint_as_float((u32)x << 16); }
  static Store store(float x) {
    const u32 bits = __float_as_uint(x);
    if (x != x) return 0x7fff;
    return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
};
static inline void waitForPredecessor() {}
static inline void allowSuccessor() {}
