#ifndef APUS_CPU_H
#define APUS_CPU_H
#include <stdbool.h>
#include <stdint.h>

/// Instruction-set level of the kernels; each level contains the ones before it.
typedef enum apus_cpu_level : int32_t {
  /// Portable C on 128-bit vectors: any x86-64, arm64.
  APUS_CPU_PORTABLE = 0,
  /// AVX2, FMA and F16C.
  APUS_CPU_AVX2 = 1,
  /// AVX-512 F, BW, DQ and VL.
  APUS_CPU_AVX512 = 2,
  /// AVX-512 with BF16 dot products.
  APUS_CPU_AVX512_BF16 = 3,
  /// AMX tiles with BF16 products.
  APUS_CPU_AMX_BF16 = 4,
} apus_cpu_level;

/// The level the kernels use: the detected one, or the override where that is lower.
apus_cpu_level apus_cpu_current_level(void);

/// The highest level of this machine. On Linux the first call asks the kernel for the AMX state.
apus_cpu_level apus_cpu_detected_level(void);

/// Caps the level of all later kernel calls; a negative value takes the cap away.
/// For tests and for comparing tactics; not for use while kernels run.
void apus_cpu_override_level(int32_t level);

/// Whether BF16 products are faster than FP32 ones here (AVX512-BF16 or AMX present).
bool apus_cpu_has_fast_bf16(void);

/// Sets flush-to-zero and denormals-are-zero for the calling thread where the processor has them.
void apus_cpu_flush_denormals(bool enabled);
#endif
