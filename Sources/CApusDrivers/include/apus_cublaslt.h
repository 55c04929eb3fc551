#ifndef APUS_CUBLASLT_H
#define APUS_CUBLASLT_H
#include <stddef.h>
#include <stdint.h>
#include "apus_cuda.h"
#include "apus_library.h"

// The part of cuBLASLt that Apus uses, declared here so that no toolkit is needed to build it. Values follow
// cublasLt.h, cublas_api.h and library_types.h of CUDA 12 and 13, where they are the same.

typedef int apus_cublas_status;
typedef struct apus_cublaslt_handle_s *apus_cublaslt_handle;
typedef struct apus_cublaslt_matmul_s *apus_cublaslt_matmul;
typedef struct apus_cublaslt_layout_s *apus_cublaslt_layout;
typedef struct apus_cublaslt_preference_s *apus_cublaslt_preference;

/// cublasStatus_t.
enum { APUS_CUBLAS_SUCCESS = 0, APUS_CUBLAS_ALLOC_FAILED = 3, APUS_CUBLAS_NOT_SUPPORTED = 15 };

/// cudaDataType_t.
enum { APUS_CUDA_R_32F = 0, APUS_CUDA_R_16F = 2, APUS_CUDA_R_16BF = 14 };

/// cublasComputeType_t: FP32 sums; the latter may take FP32 operands as TF32.
enum { APUS_CUBLAS_COMPUTE_32F = 68, APUS_CUBLAS_COMPUTE_32F_FAST_TF32 = 77 };

/// cublasLtEpilogue_t: flags, but for the first. GELU is the form with tanh.
enum {
  APUS_CUBLASLT_EPILOGUE_DEFAULT = 1,
  APUS_CUBLASLT_EPILOGUE_RELU = 2,
  APUS_CUBLASLT_EPILOGUE_BIAS = 4,
  APUS_CUBLASLT_EPILOGUE_GELU = 32,
};

/// cublasLtMatmulAlgo_t: opaque, and the same in every process that has the same version of the library.
typedef struct apus_cublaslt_algorithm {
  uint64_t words[8];
} apus_cublaslt_algorithm;

/// cublasLtMatmulHeuristicResult_t.
typedef struct apus_cublaslt_result {
  apus_cublaslt_algorithm algorithm;
  size_t workspace_bytes;
  apus_cublas_status state;
  float waves;
  int reserved[4];
} apus_cublaslt_result;

/// cuBLASLt, opened at run time.
typedef struct apus_cublaslt {
#define APUS_SYMBOL(field, symbol, result, parameters) result(*_Nonnull field) parameters;
#include "apus_cublaslt_symbols.h"
#undef APUS_SYMBOL
} apus_cublaslt;

/// Opens cuBLASLt (13 or 12) by the loader's path, then in `directories`.
const apus_cublaslt *_Nullable apus_cublaslt_open(const char *_Nonnull const *_Nullable directories, size_t count,
                                                  apus_library_report *_Nonnull report);

/// `output = epilogue(alpha * op(left) * op(right) + beta * addend + bias)` of row-major matrices, batch by batch.
typedef struct apus_cublaslt_product {
  /// Type of all operands, and how they are multiplied.
  int type;
  int compute_type;
  int epilogue;
  int32_t batches;
  /// `left` is [rows][reduction], transposed [reduction][rows]; `right` [reduction][columns], transposed
  /// [columns][reduction]; `addend` and `output` are [rows][columns]; `bias` has a value for each column.
  int64_t rows, columns, reduction;
  int left_is_transposed, right_is_transposed;
  /// Elements from one batch to the next.
  int64_t left_stride, right_stride, output_stride;
  float alpha, beta;
} apus_cublaslt_product;

/// Addresses on the GPU, multiples of 16; NULL for what a product does not have.
typedef struct apus_cublaslt_operands {
  const void *_Nullable left;
  const void *_Nullable right;
  const void *_Nullable addend;
  const void *_Nullable bias;
  void *_Nullable output;
  void *_Nullable workspace;
  size_t workspace_bytes;
} apus_cublaslt_operands;

/// A product with its descriptors. Calls may come from any thread.
typedef struct apus_cublaslt_plan apus_cublaslt_plan;

/// Makes the descriptors of `product`; NULL with the reason in `status`.
apus_cublaslt_plan *_Nullable apus_cublaslt_plan_create(const apus_cublaslt *_Nonnull library,
                                                        apus_cublaslt_handle _Nonnull handle,
                                                        const apus_cublaslt_product *_Nonnull product,
                                                        apus_cublas_status *_Nonnull status);
void apus_cublaslt_plan_destroy(apus_cublaslt_plan *_Nonnull plan);

/// Up to `wanted` algorithms that need no more than `workspace_bytes` and sum in FP32, the most promising first.
apus_cublas_status apus_cublaslt_plan_choose(apus_cublaslt_plan *_Nonnull plan, size_t workspace_bytes, int wanted,
                                             apus_cublaslt_result *_Nonnull results, int *_Nonnull found);

/// Whether the library takes an algorithm that it gave before, and the workspace that it needs here.
apus_cublas_status apus_cublaslt_plan_check(apus_cublaslt_plan *_Nonnull plan,
                                            const apus_cublaslt_algorithm *_Nonnull algorithm,
                                            size_t *_Nonnull workspace_bytes);

/// Puts the product into `stream`.
apus_cublas_status apus_cublaslt_plan_run(apus_cublaslt_plan *_Nonnull plan,
                                          const apus_cublaslt_algorithm *_Nonnull algorithm,
                                          const apus_cublaslt_operands *_Nonnull operands,
                                          apus_cuda_stream _Nullable stream);
#endif
