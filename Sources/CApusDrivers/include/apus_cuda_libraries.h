#ifndef APUS_CUDA_LIBRARIES_H
#define APUS_CUDA_LIBRARIES_H
#include <stddef.h>
#include "apus_library.h"

/// cuDNN 9's backend, opened at run time.
typedef struct apus_cudnn {
#define APUS_SYMBOL(field, symbol, result, parameters) result(*_Nonnull field) parameters;
#include "apus_cudnn_symbols.h"
#undef APUS_SYMBOL
} apus_cudnn;

/// Opens cuDNN 9 by the loader's path, then in `directories`. cuDNN looks NVRTC and cuBLASLt up by name, so both
/// should have been opened before.
const apus_cudnn *_Nullable apus_cudnn_open(const char *_Nonnull const *_Nullable directories, size_t count,
                                            apus_library_report *_Nonnull report);
#endif
