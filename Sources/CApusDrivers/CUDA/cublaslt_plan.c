#include <pthread.h>
#include <stdlib.h>
#include "apus_cublaslt.h"

// Attribute numbers of cublasLt.h.
enum { MATMUL_TRANSPOSE_A = 3, MATMUL_TRANSPOSE_B = 4, MATMUL_EPILOGUE = 7, MATMUL_BIAS_POINTER = 8 };
enum { LAYOUT_BATCH_COUNT = 5, LAYOUT_BATCH_STRIDE = 6 };
enum { PREFERENCE_WORKSPACE = 1, PREFERENCE_REDUCTIONS = 3, PREFERENCE_FIRST_ALIGNMENT = 5, ALIGNED_OPERANDS = 4 };
// Sums of a split reduction come together in the type of the computation, never in that of the result.
enum { REDUCTION_IN_COMPUTE_TYPE = 2 };
enum { OPERATION_NONE = 0, OPERATION_TRANSPOSE = 1 };
enum { OPERAND_ALIGNMENT = 16 };

/// The library's matrices are column-major, so it multiplies the transposes: A is `right`, B is `left`, C and D are the
/// transposed addend and output.
struct apus_cublaslt_plan {
  const apus_cublaslt *library;
  apus_cublaslt_handle handle;
  apus_cublaslt_product product;
  apus_cublaslt_matmul matmul;
  apus_cublaslt_layout a, b, c;
  /// The bias is an attribute of `matmul`.
  pthread_mutex_t lock;
};

static apus_cublas_status make_layout(apus_cublaslt_plan *plan, apus_cublaslt_layout *layout, int64_t rows,
                                      int64_t columns, int64_t stride) {
  const apus_cublaslt *library = plan->library;
  apus_cublas_status status =
      library->layout_create(layout, plan->product.type, (uint64_t)rows, (uint64_t)columns, rows);
  if (status != APUS_CUBLAS_SUCCESS || plan->product.batches <= 1) return status;
  status = library->layout_set(*layout, LAYOUT_BATCH_COUNT, &plan->product.batches, sizeof plan->product.batches);
  if (status != APUS_CUBLAS_SUCCESS) return status;
  return library->layout_set(*layout, LAYOUT_BATCH_STRIDE, &stride, sizeof stride);
}

static apus_cublas_status set_bias(apus_cublaslt_plan *plan, const void *bias) {
  return plan->library->matmul_set(plan->matmul, MATMUL_BIAS_POINTER, &bias, sizeof bias);
}

static apus_cublas_status make_matmul(apus_cublaslt_plan *plan) {
  const apus_cublaslt *library = plan->library;
  const apus_cublaslt_product *product = &plan->product;
  apus_cublas_status status = library->matmul_create(&plan->matmul, product->compute_type, APUS_CUDA_R_32F);
  if (status != APUS_CUBLAS_SUCCESS) return status;
  const int32_t a = product->right_is_transposed ? OPERATION_TRANSPOSE : OPERATION_NONE;
  const int32_t b = product->left_is_transposed ? OPERATION_TRANSPOSE : OPERATION_NONE;
  const int32_t epilogue = product->epilogue;
  status = library->matmul_set(plan->matmul, MATMUL_TRANSPOSE_A, &a, sizeof a);
  if (status == APUS_CUBLAS_SUCCESS) status = library->matmul_set(plan->matmul, MATMUL_TRANSPOSE_B, &b, sizeof b);
  if (status == APUS_CUBLAS_SUCCESS)
    status = library->matmul_set(plan->matmul, MATMUL_EPILOGUE, &epilogue, sizeof epilogue);
  // Before the address is known, its alignment counts.
  if (status == APUS_CUBLAS_SUCCESS && (epilogue & APUS_CUBLASLT_EPILOGUE_BIAS))
    status = set_bias(plan, (const void *)(uintptr_t)OPERAND_ALIGNMENT);
  return status;
}

static apus_cublas_status make_descriptors(apus_cublaslt_plan *plan) {
  const apus_cublaslt_product *product = &plan->product;
  const int64_t m = product->columns, n = product->rows, k = product->reduction;
  apus_cublas_status status = make_matmul(plan);
  if (status == APUS_CUBLAS_SUCCESS)
    status = product->right_is_transposed ? make_layout(plan, &plan->a, k, m, product->right_stride)
                                          : make_layout(plan, &plan->a, m, k, product->right_stride);
  if (status == APUS_CUBLAS_SUCCESS)
    status = product->left_is_transposed ? make_layout(plan, &plan->b, n, k, product->left_stride)
                                         : make_layout(plan, &plan->b, k, n, product->left_stride);
  if (status == APUS_CUBLAS_SUCCESS) status = make_layout(plan, &plan->c, m, n, product->output_stride);
  return status;
}

apus_cublaslt_plan *apus_cublaslt_plan_create(const apus_cublaslt *library, apus_cublaslt_handle handle,
                                              const apus_cublaslt_product *product, apus_cublas_status *status) {
  *status = APUS_CUBLAS_ALLOC_FAILED;
  apus_cublaslt_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->library = library;
  plan->handle = handle;
  plan->product = *product;
  pthread_mutex_init(&plan->lock, NULL);
  *status = make_descriptors(plan);
  if (*status == APUS_CUBLAS_SUCCESS) return plan;
  apus_cublaslt_plan_destroy(plan);
  return NULL;
}

void apus_cublaslt_plan_destroy(apus_cublaslt_plan *plan) {
  if (plan->c) plan->library->layout_destroy(plan->c);
  if (plan->b) plan->library->layout_destroy(plan->b);
  if (plan->a) plan->library->layout_destroy(plan->a);
  if (plan->matmul) plan->library->matmul_destroy(plan->matmul);
  pthread_mutex_destroy(&plan->lock);
  free(plan);
}

static apus_cublas_status set_preference(const apus_cublaslt *library, apus_cublaslt_preference preference,
                                         size_t workspace_bytes) {
  const uint64_t most = workspace_bytes;
  const uint32_t reductions = REDUCTION_IN_COMPUTE_TYPE, alignment = OPERAND_ALIGNMENT;
  apus_cublas_status status = library->preference_set(preference, PREFERENCE_WORKSPACE, &most, sizeof most);
  if (status == APUS_CUBLAS_SUCCESS)
    status = library->preference_set(preference, PREFERENCE_REDUCTIONS, &reductions, sizeof reductions);
  for (int operand = 0; operand < ALIGNED_OPERANDS && status == APUS_CUBLAS_SUCCESS; operand++)
    status = library->preference_set(preference, PREFERENCE_FIRST_ALIGNMENT + operand, &alignment, sizeof alignment);
  return status;
}

apus_cublas_status apus_cublaslt_plan_choose(apus_cublaslt_plan *plan, size_t workspace_bytes, int wanted,
                                             apus_cublaslt_result *results, int *found) {
  *found = 0;
  apus_cublaslt_preference preference = NULL;
  apus_cublas_status status = plan->library->preference_create(&preference);
  if (status != APUS_CUBLAS_SUCCESS || !preference) return status;
  status = set_preference(plan->library, preference, workspace_bytes);
  if (status == APUS_CUBLAS_SUCCESS) {
    pthread_mutex_lock(&plan->lock);
    status = plan->library->heuristic(plan->handle, plan->matmul, plan->a, plan->b, plan->c, plan->c, preference,
                                      wanted, results, found);
    pthread_mutex_unlock(&plan->lock);
  }
  plan->library->preference_destroy(preference);
  return status;
}

apus_cublas_status apus_cublaslt_plan_check(apus_cublaslt_plan *plan, const apus_cublaslt_algorithm *algorithm,
                                            size_t *workspace_bytes) {
  apus_cublaslt_result result = {0};
  pthread_mutex_lock(&plan->lock);
  apus_cublas_status status = plan->library->check(plan->handle, plan->matmul, plan->a, plan->b, plan->c, plan->c,
                                                   algorithm, &result);
  pthread_mutex_unlock(&plan->lock);
  *workspace_bytes = result.workspace_bytes;
  return status != APUS_CUBLAS_SUCCESS ? status : result.state;
}

apus_cublas_status apus_cublaslt_plan_run(apus_cublaslt_plan *plan, const apus_cublaslt_algorithm *algorithm,
                                          const apus_cublaslt_operands *operands, apus_cuda_stream stream) {
  const void *addend = operands->addend ? operands->addend : operands->output;
  pthread_mutex_lock(&plan->lock);
  apus_cublas_status status = APUS_CUBLAS_SUCCESS;
  if (plan->product.epilogue & APUS_CUBLASLT_EPILOGUE_BIAS) status = set_bias(plan, operands->bias);
  if (status == APUS_CUBLAS_SUCCESS)
    status = plan->library->multiply(plan->handle, plan->matmul, &plan->product.alpha, operands->right, plan->a,
                                     operands->left, plan->b, &plan->product.beta, addend, plan->c, operands->output,
                                     plan->c, algorithm, operands->workspace, operands->workspace_bytes, stream);
  pthread_mutex_unlock(&plan->lock);
  return status;
}
