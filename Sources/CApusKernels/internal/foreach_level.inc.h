// Compiles the file named by APUS_KERNEL once per level; `FN` names and `simd.inc.h` follow the level.
// With APUS_KERNEL_BF16 defined there is a fourth variant that may use the BF16 instructions.
#define APUS_LEVEL base
#define APUS_LANES 4
#include "simd.inc.h"
#include APUS_KERNEL
#undef APUS_LEVEL
#undef APUS_LANES

#if APUS_X86
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define APUS_LEVEL avx2
#define APUS_LANES 8
#include "simd.inc.h"
#include APUS_KERNEL
#undef APUS_LEVEL
#undef APUS_LANES
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#define APUS_LEVEL avx512
#define APUS_LANES 16
#include "simd.inc.h"
#include APUS_KERNEL
#undef APUS_LEVEL
#undef APUS_LANES
#pragma clang attribute pop

#ifdef APUS_KERNEL_BF16
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c"))), \
    apply_to = function)
#define APUS_LEVEL bf16x16
#define APUS_LANES 16
#define APUS_HAS_BF16 1
#include "simd.inc.h"
#include APUS_KERNEL
#undef APUS_HAS_BF16
#undef APUS_LEVEL
#undef APUS_LANES
#pragma clang attribute pop
#endif
#endif
