#ifndef APUS_GEMM_H
#define APUS_GEMM_H
#include "apus_epilogue.h"
#include "apus_pool.h"

/// Matrix products C[b] = epilogue(alpha * op(A[b]) * op(B[b])) for `batch` pairs of row-major matrices.
/// op(A) is m x k, op(B) is k x n, C is m x n. Set every field.
typedef struct apus_gemm {
  ptrdiff_t batch, m, n, k;
  /// Elements from one stored row to the next: A is stored m x k, or k x m with `a_transposed`; B is stored
  /// k x n, or n x k with `b_transposed`.
  ptrdiff_t lda, ldb, ldc;
  bool a_transposed, b_transposed;
  /// Elements from one matrix to the next; 0 repeats the same A or B. `b_batch` is 0 with packed B.
  ptrdiff_t a_batch, b_batch, c_batch;
  /// Factor of the product, applied while B is packed.
  float alpha;
  /// Type of products: F32 or BF16 (sums are FP32).
  apus_dtype type;
  /// Type of A and of unpacked B: that of the products, or F32 with BF16 products.
  apus_dtype a_type, b_type;
  /// Type of C and residual: F32, or BF16 with BF16 products.
  apus_dtype c_type;
  /// Whether the call gets B packed by `apus_gemm_pack`.
  bool b_packed;
  /// BF16 parts of each number that FP32 products are made of, for processors with BF16 tiles: 3 are as exact, 2 keep
  /// sixteen bits, 0 are plain products. With packed B that `apus_parts_fit`.
  int parts;
} apus_gemm;

/// Whether all numbers have BF16 parts: none is infinite, NaN or above 2^127.
bool apus_parts_fit(const float *x, ptrdiff_t count);

/// Whether the fields describe a product these kernels run.
bool apus_gemm_valid(const apus_gemm *gemm);

/// Bytes of one packed B (align to 64). The layout does not depend on the processor.
size_t apus_gemm_packed_bytes(const apus_gemm *gemm);

/// Packs one B of `b_type` (stored as `ldb` and `b_transposed` say), times `alpha`. Serial.
void apus_gemm_pack(const apus_gemm *gemm, const void *b, void *packed);

/// Bytes of workspace (align to 64) of one call with at most `threads` threads.
size_t apus_gemm_workspace_bytes(const apus_gemm *gemm, int32_t threads);

/// Runs the products. The epilogue's bias has `n` values; its residual has the layout of C.
/// - `b`: packed B, or the matrices themselves, as `b_packed` says.
/// - `workspace`: `apus_gemm_workspace_bytes` bytes, aligned to 64.
void apus_gemm_run(
    const apus_gemm *gemm, const void *a, const void *b, const apus_epilogue *epilogue, void *c,
    void *workspace, apus_pool *pool);
#endif
