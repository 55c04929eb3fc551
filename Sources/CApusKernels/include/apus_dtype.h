#ifndef APUS_DTYPE_H
#define APUS_DTYPE_H
#include <stdint.h>

/// Element type of a tensor at a kernel's edge. A kernel takes the types that its header names.
typedef enum apus_dtype : int32_t {
  APUS_F32 = 0,
  APUS_BF16 = 1,
  APUS_F16 = 2,
  APUS_F64 = 3,
  APUS_I8 = 4,
  APUS_U8 = 5,
  APUS_I16 = 6,
  APUS_U16 = 7,
  APUS_I32 = 8,
  APUS_U32 = 9,
  APUS_I64 = 10,
  APUS_U64 = 11,
  /// One byte, 0 or 1; any other value reads as 1.
  APUS_BOOL = 12,
} apus_dtype;
#endif
