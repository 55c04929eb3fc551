#ifndef APUS_CUDNN_H
#define APUS_CUDNN_H
#include <stddef.h>
#include <stdint.h>
#include "apus_cuda.h"
#include "apus_library.h"

// The part of cuDNN 9's backend that Apus uses, declared here so that no toolkit is needed to build it. Values follow
// cudnn_graph.h of cuDNN 9.

typedef int apus_cudnn_status;
typedef struct apus_cudnn_handle_s *apus_cudnn_handle;
typedef void *apus_cudnn_descriptor;

/// cudnnStatus_t; those of 3000 to 3999 say that something is not supported.
enum {
  APUS_CUDNN_SUCCESS = 0,
  APUS_CUDNN_BAD_PARAMETER = 2000,
  APUS_CUDNN_NOT_SUPPORTED = 3000,
  APUS_CUDNN_OUT_OF_HOST_MEMORY = 4003,
  APUS_CUDNN_OUT_OF_DEVICE_MEMORY = 4004,
};

/// cudnnDataType_t.
enum { APUS_CUDNN_FLOAT = 0, APUS_CUDNN_HALF = 2, APUS_CUDNN_BFLOAT16 = 9 };

/// cudnnPointwiseMode_t.
enum {
  APUS_CUDNN_RELU = 100,
  APUS_CUDNN_TANH = 101,
  APUS_CUDNN_SIGMOID = 102,
  APUS_CUDNN_ELU = 103,
  APUS_CUDNN_GELU = 104,
  APUS_CUDNN_SOFTPLUS = 105,
  APUS_CUDNN_SWISH = 106,
  APUS_CUDNN_GELU_TANH = 107,
};

/// cudnnBackendNumericalNote_t, as bits, and whether an engine's kernels are compiled when a plan is made.
enum {
  APUS_CUDNN_TENSOR_CORE = 1 << 0,
  APUS_CUDNN_DOWN_CONVERTS = 1 << 1,
  APUS_CUDNN_REDUCED_PRECISION_SUMS = 1 << 2,
  APUS_CUDNN_FFT = 1 << 3,
  APUS_CUDNN_NONDETERMINISTIC = 1 << 4,
  APUS_CUDNN_WINOGRAD = 7 << 5,
  APUS_CUDNN_RUNTIME_COMPILATION = 1 << 30,
};

/// Numbers of the operands.
enum {
  APUS_CUDNN_INPUT = 1,
  APUS_CUDNN_WEIGHTS = 2,
  APUS_CUDNN_BIAS = 3,
  APUS_CUDNN_RESIDUAL = 4,
  APUS_CUDNN_OUTPUT = 5,
};

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

/// `output = activation(convolution(input, weights) + residual + bias)`, channels last, sums in FP32.
typedef struct apus_cudnn_convolution {
  /// Type of all operands.
  int type;
  /// Images, channels, height, width; the weights' output channels, channels of a group, height, width.
  int64_t input[4], weights[4], output[4];
  int64_t strides[2], dilations[2];
  /// Top and left, bottom and right.
  int64_t pads_before[2], pads_after[2];
  int has_bias, has_residual;
  /// Pointwise mode, 0: none; bounds and slope of ReLU, alpha of ELU.
  int activation;
  float lower, upper, slope, alpha;
} apus_cudnn_convolution;

/// A way to compute something.
typedef struct apus_cudnn_choice {
  /// The library's description, to be freed.
  char *_Nullable text;
  int64_t workspace_bytes;
} apus_cudnn_choice;

/// Finds up to `wanted` ways, the most promising first, that need no more than `workspace_bytes` and have none of the
/// notes in `refused`.
apus_cudnn_status apus_cudnn_choose(const apus_cudnn *_Nonnull library, apus_cudnn_handle _Nonnull handle,
                                    const apus_cudnn_convolution *_Nonnull convolution, int64_t workspace_bytes,
                                    int refused, int wanted, apus_cudnn_choice *_Nonnull choices,
                                    int *_Nonnull found);

/// Makes a plan from the description of a choice, which only the version that gave it reads.
apus_cudnn_status apus_cudnn_plan_create(const apus_cudnn *_Nonnull library, apus_cudnn_handle _Nonnull handle,
                                         const char *_Nonnull text, apus_cudnn_descriptor _Nullable *_Nonnull plan,
                                         int64_t *_Nonnull workspace_bytes);

/// Puts a plan into `stream`: `count` operands by their numbers. One call at a time with a handle.
apus_cudnn_status apus_cudnn_plan_run(const apus_cudnn *_Nonnull library, apus_cudnn_handle _Nonnull handle,
                                      apus_cudnn_descriptor _Nonnull plan, int count,
                                      const int64_t *_Nonnull numbers, void *_Nonnull const *_Nonnull addresses,
                                      void *_Nullable workspace, apus_cuda_stream _Nullable stream);
#endif
