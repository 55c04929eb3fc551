#define _GNU_SOURCE
#include "include/apus_cpu.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

static _Atomic int32_t detected = -1;
static _Atomic int32_t cap = APUS_CPU_AMX_BF16;

#if defined(__x86_64__)
/// Linux gives a process the tile state only on request; the answer holds for all its threads.
static bool request_amx(void) {
#if defined(__linux__)
  const long arch_req_xcomp_perm = 0x1023, xfeature_tile_data = 18;
  return syscall(SYS_arch_prctl, arch_req_xcomp_perm, xfeature_tile_data) == 0;
#else
  return false;
#endif
}

static int32_t detect(void) {
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return APUS_CPU_PORTABLE;
  if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")))
    return APUS_CPU_AVX2;
  if (!__builtin_cpu_supports("avx512bf16")) return APUS_CPU_AVX512;
  if (!(__builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && request_amx()))
    return APUS_CPU_AVX512_BF16;
  return APUS_CPU_AMX_BF16;
}
#else
static int32_t detect(void) { return APUS_CPU_PORTABLE; }
#endif

apus_cpu_level apus_cpu_detected_level(void) {
  int32_t level = atomic_load_explicit(&detected, memory_order_relaxed);
  if (level < 0) {
    level = detect();
    atomic_store_explicit(&detected, level, memory_order_relaxed);
  }
  return (apus_cpu_level)level;
}

apus_cpu_level apus_cpu_current_level(void) {
  int32_t level = apus_cpu_detected_level();
  int32_t limit = atomic_load_explicit(&cap, memory_order_relaxed);
  return (apus_cpu_level)(level < limit ? level : limit);
}

void apus_cpu_override_level(int32_t level) {
  atomic_store_explicit(&cap, level < 0 ? APUS_CPU_AMX_BF16 : level, memory_order_relaxed);
}

bool apus_cpu_has_fast_bf16(void) { return apus_cpu_detected_level() >= APUS_CPU_AVX512_BF16; }

void apus_cpu_flush_denormals(bool enabled) {
#if defined(__x86_64__)
  unsigned bits = 0x8040, control = _mm_getcsr();
  _mm_setcsr(enabled ? control | bits : control & ~bits);
#else
  (void)enabled;
#endif
}
