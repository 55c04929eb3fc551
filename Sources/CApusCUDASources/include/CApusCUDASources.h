#ifndef CAPUS_CUDA_SOURCES_H
#define CAPUS_CUDA_SOURCES_H
#include <stddef.h>

/// A CUDA C++ file of `Kernels`, kept in the program.
typedef struct apus_cuda_source {
  /// File name: `conv_mma.cu`, `common.cuh`.
  const char *_Nonnull name;
  /// Text, with a zero behind it.
  const char *_Nonnull text;
  size_t bytes;
} apus_cuda_source;

/// All files, kernels and headers.
const apus_cuda_source *_Nonnull apus_cuda_source_table(void);
/// How many files there are.
extern const size_t apus_cuda_source_count;
#endif
