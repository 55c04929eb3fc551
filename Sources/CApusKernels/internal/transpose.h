#ifndef APUS_TRANSPOSE_H
#define APUS_TRANSPOSE_H
#include <stddef.h>

/// Transposes 4-byte elements: `out[i * out_row + j] = in[i + j * in_column]` for i < `rows`, j < `columns`.
void apus_transpose_4(
    const void *in, void *out, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t in_column, ptrdiff_t out_row);
#endif
