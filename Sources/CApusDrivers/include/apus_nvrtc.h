#ifndef APUS_NVRTC_H
#define APUS_NVRTC_H
#include <stddef.h>
#include "apus_library.h"

// NVRTC, the run-time compiler of CUDA C++, releases 12 and 13.

typedef struct apus_nvrtc_program_s *apus_nvrtc_program;

/// Entry points of NVRTC; every one is there once `apus_nvrtc_open` has succeeded.
typedef struct apus_nvrtc {
#define APUS_SYMBOL(field, symbol, result, parameters) result(*_Nonnull field) parameters;
#include "apus_nvrtc_symbols.h"
#undef APUS_SYMBOL
} apus_nvrtc;

/// Opens NVRTC: first by the loader's path, then each of `directories` (folders that may hold `libnvrtc.so.13` or
/// `.12`). The library of built-ins beside it is opened first, since pip's packages carry no run path. The table
/// lives as long as the process; a second call returns the first one's.
const apus_nvrtc *_Nullable apus_nvrtc_open(const char *_Nonnull const *_Nullable directories, size_t count,
                                            apus_library_report *_Nonnull report);
#endif
