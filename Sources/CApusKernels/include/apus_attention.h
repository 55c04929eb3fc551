#ifndef APUS_ATTENTION_H
#define APUS_ATTENTION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Elements between neighbours of a [batch, heads, rows, columns] operand; columns are dense. Any order of
/// the outer axes is fine.
typedef struct apus_attention_strides {
  ptrdiff_t batch, head, row;
} apus_attention_strides;

/// out = softmax(scale * Q K^T + mask) V for each batch and head.
typedef struct apus_attention {
  ptrdiff_t batch, heads;
  /// Heads of K and V: a divisor of `heads`; each serves `heads / kv_heads` neighbouring query heads.
  ptrdiff_t kv_heads;
  /// Rows of Q and of K and V, columns of Q and K, columns of V and the result.
  ptrdiff_t queries, keys, depth, value_depth;
  float scale;
  /// Query i sees keys up to i + keys - queries only.
  bool causal;
  /// F32 or BF16, of Q, K, V and the result, and of the products. Sums and softmax are FP32.
  apus_dtype type;
  apus_attention_strides q, k, v, out;
  /// The mask is FP32, added to the scores; strides of 0 broadcast it. Its columns are `mask_column` apart.
  apus_attention_strides mask;
  ptrdiff_t mask_column;
} apus_attention;

/// Bytes of workspace (align to 64) with at most `threads` threads.
size_t apus_attention_workspace_bytes(const apus_attention *attention, int32_t threads);

/// - `mask`: NULL for none. A query that sees no key gives 0.
void apus_attention_run(
    const apus_attention *attention, const void *q, const void *k, const void *v, const float *mask, void *out,
    void *workspace, apus_pool *pool);
#endif
