#ifndef APUS_QUANTIZE_H
#define APUS_QUANTIZE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Which scale and zero point the elements of a dense tensor use. It is cut into `rows` of `length`; element j of
/// row r uses parameter r / axis * outer_step + r % axis / block * block_step + j * step.
typedef struct apus_quantized {
  ptrdiff_t rows, length, axis, block, outer_step, block_step, step;
  /// The narrow type: I8, U8, I16 or U16; also I32 where it is read.
  apus_dtype type;
} apus_quantized;

/// saturate(round_to_even(x / scale) + zero). `zeros` are of the narrow type, NULL for 0. NaN gives 0.
void apus_quantize(
    const apus_quantized *layout, const float *in, const float *scales, const void *zeros, void *out,
    apus_pool *pool);

/// (x - zero) * scale, rounded once.
void apus_dequantize(
    const apus_quantized *layout, const void *in, const float *scales, const void *zeros, float *out,
    apus_pool *pool);

/// Scale and zero point that cover all elements and 0, then U8 elements. `scratch`: room for two floats a task, of
/// `apus_quantize_tasks(count)`.
void apus_quantize_dynamic(
    const float *in, ptrdiff_t count, uint8_t *out, float *scale, uint8_t *zero, float *scratch, apus_pool *pool);
ptrdiff_t apus_quantize_tasks(ptrdiff_t count);

/// Products of 8-bit matrices less their zero points: C[m, n] = sum over k of (A[m, k] - a_zero) (B[k, n] - b_zero),
/// summed in I32, for `batch` pairs.
typedef struct apus_integer_product {
  ptrdiff_t batch, m, n, k;
  /// Elements from one matrix to the next; 0 repeats the same one.
  ptrdiff_t a_batch, b_batch;
  /// I8 or U8.
  apus_dtype a_type, b_type;
  /// Whether there is a zero point for each row of A, and for each column of B; else there is one.
  bool a_zero_rows, b_zero_columns;
} apus_integer_product;

/// Bytes of workspace (align to 64).
size_t apus_integer_product_workspace_bytes(const apus_integer_product *product);

/// - `a_zeros`, `b_zeros`: of the operands' types; NULL for 0.
void apus_integer_product_run(
    const apus_integer_product *product, const void *a, const void *b, const void *a_zeros, const void *b_zeros,
    int32_t *c, void *workspace, apus_pool *pool);

/// A convolution of 8-bit tensors less their zero points, summed in I32, channels first. Spatial arrays are ordered
/// depth, height, width; leave leading entries 1 (`pad` 0) for fewer dimensions.
typedef struct apus_integer_conv {
  ptrdiff_t batch, groups;
  /// Channels of one group.
  ptrdiff_t in_channels, out_channels;
  ptrdiff_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
  apus_dtype in_type, weight_type;
  /// Whether there is a zero point for each output channel; else there is one.
  bool zero_channels;
} apus_integer_conv;

/// Bytes of workspace (align to 64).
size_t apus_integer_conv_workspace_bytes(const apus_integer_conv *conv);

/// - `in`: [batch, groups * in_channels, in...]; `weights`: [groups * out_channels, in_channels, kernel...].
/// - `out`: [batch, groups * out_channels, out...].
void apus_integer_conv_run(
    const apus_integer_conv *conv, const void *in, const void *weights, const void *in_zero,
    const void *weight_zeros, int32_t *out, void *workspace, apus_pool *pool);

/// saturate(round_to_even((sum + bias) * scale) + zero) of sums [outer, channels, inner] in I8 or U8, scaled in FP64. `bias` may
/// be NULL; a single scale has `scale_step` 0.
void apus_requantize(
    const int32_t *sums, ptrdiff_t outer, ptrdiff_t channels, ptrdiff_t inner, const int32_t *bias,
    const double *scales, ptrdiff_t scale_step, int32_t zero, apus_dtype type, void *out, apus_pool *pool);
#endif
