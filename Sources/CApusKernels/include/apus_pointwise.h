#ifndef APUS_POINTWISE_H
#define APUS_POINTWISE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apus_dtype.h"
#include "apus_pool.h"

enum {
  APUS_POINTWISE_RANK = 8,
  APUS_POINTWISE_REGISTERS = 64,
};

/// What the registers of a program hold. Operands of every type are converted on load and store; truth is
/// 1 and 0.
typedef enum apus_pointwise_domain : int32_t {
  APUS_POINTWISE_F32 = 0,
  /// Plain double precision.
  APUS_POINTWISE_F64 = 1,
  /// 64-bit integers that wrap: right for all integer types but unsigned 64-bit division and order.
  APUS_POINTWISE_I64 = 2,
} apus_pointwise_domain;

/// Operations. `a`, `b`, `c` are registers; `alpha`, `beta` are fields of the instruction. "float" ones do
/// not exist in the integer domain, "integer" ones only there.
typedef enum apus_pointwise_op : int32_t {
  /// dst = input number a
  APUS_PW_LOAD = 0,
  /// dst = alpha (F32, F64) or integer (I64)
  APUS_PW_CONST = 1,
  /// output number b = register a
  APUS_PW_STORE = 2,
  APUS_PW_ADD = 10,
  APUS_PW_SUB,
  APUS_PW_MUL,
  /// Integers truncate towards zero; division by zero gives 0.
  APUS_PW_DIV,
  APUS_PW_POW,
  /// alpha = 1: remainder with the sign of a (fmod); else with the sign of b.
  APUS_PW_MOD,
  /// NaN wins.
  APUS_PW_MIN,
  APUS_PW_MAX,
  APUS_PW_EQUAL,
  APUS_PW_NOT_EQUAL,
  APUS_PW_LESS,
  APUS_PW_LESS_EQUAL,
  APUS_PW_GREATER,
  APUS_PW_GREATER_EQUAL,
  /// Logical: nonzero is true.
  APUS_PW_AND,
  APUS_PW_OR,
  APUS_PW_XOR,
  /// a < 0 ? a * b : a
  APUS_PW_PRELU,
  /// integer
  APUS_PW_BIT_AND,
  APUS_PW_BIT_OR,
  APUS_PW_BIT_XOR,
  APUS_PW_SHIFT_LEFT,
  /// Logical shift of the low `alpha` bits (8, 16, 32 or 64).
  APUS_PW_SHIFT_RIGHT,
  APUS_PW_ATAN2,
  APUS_PW_NEG = 40,
  APUS_PW_ABS,
  APUS_PW_SIGN,
  APUS_PW_NOT,
  APUS_PW_BIT_NOT,
  APUS_PW_RELU,
  APUS_PW_EXP = 50,
  APUS_PW_LOG,
  APUS_PW_SQRT,
  APUS_PW_RSQRT,
  APUS_PW_RECIPROCAL,
  APUS_PW_FLOOR,
  APUS_PW_CEIL,
  /// To even on ties.
  APUS_PW_ROUND,
  APUS_PW_TRUNC,
  APUS_PW_ERF,
  APUS_PW_TANH,
  APUS_PW_SIGMOID,
  APUS_PW_SIN,
  APUS_PW_COS,
  APUS_PW_TAN,
  APUS_PW_ASIN,
  APUS_PW_ACOS,
  APUS_PW_ATAN,
  APUS_PW_SINH,
  APUS_PW_COSH,
  APUS_PW_ASINH,
  APUS_PW_ACOSH,
  APUS_PW_ATANH,
  APUS_PW_ISNAN,
  /// alpha = 0: either sign; 1: +infinity; -1: -infinity
  APUS_PW_ISINF,
  APUS_PW_SOFTPLUS,
  APUS_PW_SOFTSIGN,
  APUS_PW_LEAKY_RELU,
  APUS_PW_ELU,
  /// beta * (x < 0 ? alpha * (e^x - 1) : x)
  APUS_PW_SELU,
  /// max(x, 0) + min(0, alpha * (e^(x / alpha) - 1))
  APUS_PW_CELU,
  APUS_PW_HARD_SIGMOID,
  APUS_PW_HARD_SWISH,
  APUS_PW_MISH,
  /// x > alpha ? x : 0
  APUS_PW_THRESHOLDED_RELU,
  /// min(max(x, alpha), beta)
  APUS_PW_CLIP,
  APUS_PW_GELU,
  APUS_PW_GELU_TANH,
  /// x * sigmoid(alpha * x)
  APUS_PW_SILU,
  /// x < -alpha ? x + beta : x > alpha ? x - beta : 0
  APUS_PW_SHRINK,
  APUS_PW_EXPM1,
  APUS_PW_LOG1P,
  /// The value as it would be after a trip through element type `b`.
  APUS_PW_CAST = 120,
  /// a ? b : c
  APUS_PW_SELECT = 121,
  /// a * b + c
  APUS_PW_FMA = 122,
} apus_pointwise_op;

typedef struct apus_pointwise_instruction {
  apus_pointwise_op op;
  /// Registers, below APUS_POINTWISE_REGISTERS. A register set by CONST is set nowhere else.
  int32_t dst, a, b, c;
  double alpha, beta;
  int64_t integer;
} apus_pointwise_instruction;

typedef struct apus_pointwise_operand {
  apus_dtype type;
  /// Elements between neighbours in each dimension of the program's shape; 0 broadcasts an input.
  ptrdiff_t strides[8];
} apus_pointwise_operand;

/// A program over every index of a shape, run in blocks that stay in the first-level cache.
typedef struct apus_pointwise {
  apus_pointwise_domain domain;
  int32_t rank;
  ptrdiff_t shape[8];
  int32_t input_count, output_count, instruction_count;
  /// Registers in use: one more than the highest.
  int32_t register_count;
  const apus_pointwise_operand *inputs;
  const apus_pointwise_operand *outputs;
  const apus_pointwise_instruction *instructions;
} apus_pointwise;

/// Whether registers, operands and operations are in range for the domain.
bool apus_pointwise_valid(const apus_pointwise *program);

/// Bytes of workspace (align to 64) with at most `threads` threads.
size_t apus_pointwise_workspace_bytes(const apus_pointwise *program, int32_t threads);

/// Runs the program. `inputs[i]` and `outputs[i]` point to the elements of index 0. An output may be the
/// same memory as an input with the same type and strides.
void apus_pointwise_run(
    const apus_pointwise *program, const void *const *inputs, void *const *outputs, void *workspace,
    apus_pool *pool);
#endif
