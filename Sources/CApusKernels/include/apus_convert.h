#ifndef APUS_CONVERT_H
#define APUS_CONVERT_H
#include <stddef.h>

#include "apus_dtype.h"
#include "apus_pool.h"

/// Converts `n` dense elements between any two types. Floats to integers truncate and saturate, NaN becomes
/// 0; integers to narrower integers keep the low bits; BF16 and F16 round to nearest even.
void apus_convert(
    apus_dtype from_type, const void *from, apus_dtype to_type, void *to, ptrdiff_t n, apus_pool *pool);
#endif
