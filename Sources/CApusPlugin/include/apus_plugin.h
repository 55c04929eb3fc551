#ifndef APUS_PLUGIN_H
#define APUS_PLUGIN_H
// Plugins of Apus in a shared library: include this header, define `apus_plugin_describe`, build with
// `cc -shared -fPIC` or `nvcc -shared -Xcompiler -fPIC`, load with `apus ... --plugin LIB`.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Version of this header. A library of another version is refused.
#define APUS_PLUGIN_ABI 2u

/// Most axes of a tensor.
#define APUS_PLUGIN_MAX_RANK 8

typedef enum apus_plugin_kind { APUS_PLUGIN_INT32 = 0, APUS_PLUGIN_FLOAT32 = 1, APUS_PLUGIN_STRING = 2 } apus_plugin_kind;

/// Element types, numbered as TensorProto.DataType of ONNX.
typedef enum apus_plugin_dtype {
  APUS_PLUGIN_F32 = 1, APUS_PLUGIN_U8 = 2, APUS_PLUGIN_I8 = 3, APUS_PLUGIN_I32 = 6, APUS_PLUGIN_I64 = 7,
  APUS_PLUGIN_BOOL = 9, APUS_PLUGIN_F16 = 10, APUS_PLUGIN_F64 = 11, APUS_PLUGIN_BF16 = 16
} apus_plugin_dtype;

/// A typed parameter.
typedef struct apus_plugin_field {
  const char *name;
  apus_plugin_kind kind;
  /// Elements that it takes; `maximum_count` -1 for any number.
  int32_t minimum_count, maximum_count;
  /// Default elements (`int32_t`, `float` or `const char *`); NULL: the field must be given.
  const void *default_elements;
  int32_t default_count;
  const char *meaning;
} apus_plugin_field;

/// Value of a field.
typedef struct apus_plugin_value {
  const char *name;
  apus_plugin_kind kind;
  int32_t count;
  /// `int32_t`, `float` or `const char *`.
  const void *elements;
} apus_plugin_value;

/// Values of all fields, in the order of the description.
typedef struct apus_plugin_values {
  int32_t count;
  const apus_plugin_value *values;
} apus_plugin_values;

/// A dimension while a model is built: a number, or an expression over symbols such as the batch.
typedef int32_t apus_plugin_dim;

typedef enum apus_plugin_operation {
  APUS_PLUGIN_ADD, APUS_PLUGIN_SUBTRACT, APUS_PLUGIN_MULTIPLY, APUS_PLUGIN_FLOOR_DIVIDE,
  APUS_PLUGIN_CEIL_DIVIDE, APUS_PLUGIN_MINIMUM, APUS_PLUGIN_MAXIMUM
} apus_plugin_operation;

/// Arithmetic on dimensions, given to `infer`.
typedef struct apus_plugin_dims {
  void *host;
  apus_plugin_dim (*constant)(void *host, int64_t value);
  apus_plugin_dim (*combine)(void *host, apus_plugin_operation operation, apus_plugin_dim a, apus_plugin_dim b);
  /// The number, or -1 where only running can tell.
  int64_t (*value)(void *host, apus_plugin_dim dim);
} apus_plugin_dims;

/// Type of a tensor while a model is built.
typedef struct apus_plugin_type {
  int32_t dtype;
  int32_t rank;
  apus_plugin_dim shape[APUS_PLUGIN_MAX_RANK];
} apus_plugin_type;

/// A dense row-major tensor while a model runs.
typedef struct apus_plugin_tensor {
  int32_t dtype;
  int32_t rank;
  int64_t shape[APUS_PLUGIN_MAX_RANK];
  /// NULL while the workspace is asked for, and for outputs that nobody reads.
  void *data;
} apus_plugin_tensor;

/// Where a function says why it failed.
typedef struct apus_plugin_message {
  char *text;
  size_t size;
} apus_plugin_message;

/// Where `enqueue` can compute; bits.
typedef enum apus_plugin_device {
  APUS_PLUGIN_ON_CPU = 1,
  /// Tensors and workspace lie in the memory of the current CUDA device. `enqueue` only puts work into `stream` (a
  /// CUstream), in the current context: it is called once and its work recorded, to be replayed many times.
  APUS_PLUGIN_ON_CUDA = 2
} apus_plugin_device;

/// A plugin. Functions may be called by several threads at once; they return 0, or fill `message`.
typedef struct apus_plugin {
  /// `sizeof(apus_plugin)`.
  size_t size;
  const char *name, *version, *name_space, *summary;
  const apus_plugin_field *fields;
  int32_t field_count;
  int32_t minimum_inputs, maximum_inputs, output_count;
  /// Bits of `apus_plugin_device`; 0: the CPU.
  uint32_t devices;
  /// Fills `outputs`; refuses inputs that do not fit.
  int32_t (*infer)(
      const apus_plugin_values *values, const apus_plugin_dims *dims, const apus_plugin_type *inputs,
      int32_t input_count, apus_plugin_type *outputs, apus_plugin_message *message);
  /// Bytes of scratch memory for these shapes; may be NULL for none.
  size_t (*workspace)(
      const apus_plugin_values *values, const apus_plugin_tensor *inputs, int32_t input_count,
      const apus_plugin_tensor *outputs);
  /// Computes every element of every output. `stream` is NULL on the CPU.
  int32_t (*enqueue)(
      const apus_plugin_values *values, const apus_plugin_tensor *inputs, int32_t input_count,
      const apus_plugin_tensor *outputs, void *workspace, void *stream, apus_plugin_message *message);
} apus_plugin;

typedef struct apus_plugin_library {
  /// `APUS_PLUGIN_ABI` as the library was built with.
  uint32_t abi;
  int32_t count;
  const apus_plugin *plugins;
} apus_plugin_library;

/// What the library defines. `abi` is the version of the program; return a description in any case, so that it can
/// say which version the library has.
const apus_plugin_library *apus_plugin_describe(uint32_t abi);

typedef const apus_plugin_library *(*apus_plugin_describe_function)(uint32_t abi);

#ifdef __cplusplus
}
#endif
#endif
