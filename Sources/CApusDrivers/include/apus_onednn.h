#ifndef APUS_ONEDNN_H
#define APUS_ONEDNN_H
// oneDNN 3 on the CPU, opened at run time, with the caller's threads under it in place of OpenMP's.
//
// Functions that return apus_onednn_status never print and never end the process. Descriptors and primitives
// may be shared by threads once they are made; a call (apus_onednn_call) belongs to one thread at a time.
// https://oneapi-src.github.io/oneDNN/v3.2/

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nullable
#define _Nonnull
#endif

#define APUS_ONEDNN_MAX_RANK 12
#define APUS_ONEDNN_MAX_SPATIAL 3

/// Results; the values up to INVALID_DATA_TYPE are oneDNN's own.
typedef enum : int32_t {
  APUS_ONEDNN_SUCCESS = 0,
  APUS_ONEDNN_OUT_OF_MEMORY = 1,
  APUS_ONEDNN_INVALID_ARGUMENTS = 2,
  /// This build of oneDNN has no kernel for the request on this CPU.
  APUS_ONEDNN_UNIMPLEMENTED = 3,
  APUS_ONEDNN_LAST_IMPLEMENTATION = 4,
  APUS_ONEDNN_RUNTIME_ERROR = 5,
  /// A primitive was made for more threads than the call was given.
  APUS_ONEDNN_TOO_FEW_THREADS = 100,
} apus_onednn_status;

/// Element types, oneDNN's values.
typedef enum : int32_t {
  APUS_ONEDNN_F16 = 1,
  APUS_ONEDNN_BF16 = 2,
  APUS_ONEDNN_F32 = 3,
  APUS_ONEDNN_S32 = 4,
  APUS_ONEDNN_S8 = 5,
  APUS_ONEDNN_U8 = 6,
} apus_onednn_type;

/// Memory formats that are not described by strides.
typedef enum : int32_t {
  /// The primitive chooses; for the arguments of a primitive only, never for memory itself.
  APUS_ONEDNN_ANY = 1,
  APUS_ONEDNN_NCW16C = 56,
  APUS_ONEDNN_NCHW16C = 78,
  APUS_ONEDNN_NCDHW16C = 121,
  APUS_ONEDNN_NCHW8C = 102,
} apus_onednn_format;

/// Algorithms of every primitive and post-operation, oneDNN's values.
typedef enum : int32_t {
  APUS_ONEDNN_RELU = 0x20,
  APUS_ONEDNN_TANH,
  APUS_ONEDNN_ELU,
  APUS_ONEDNN_SQUARE,
  APUS_ONEDNN_ABS,
  APUS_ONEDNN_SQRT,
  /// alpha * x + beta
  APUS_ONEDNN_LINEAR,
  APUS_ONEDNN_SOFT_RELU,
  /// max(0, min(1, alpha * x + beta))
  APUS_ONEDNN_HARD_SIGMOID,
  APUS_ONEDNN_LOGISTIC,
  APUS_ONEDNN_EXP,
  APUS_ONEDNN_GELU_TANH,
  /// x / (1 + exp(-alpha * x))
  APUS_ONEDNN_SWISH,
  APUS_ONEDNN_LOG,
  /// min(beta, max(alpha, x))
  APUS_ONEDNN_CLIP,
  APUS_ONEDNN_CLIP_V2,
  /// alpha * x^beta
  APUS_ONEDNN_POW,
  APUS_ONEDNN_GELU_ERF,
  APUS_ONEDNN_ROUND,
  APUS_ONEDNN_MISH,
  /// x * max(0, min(1, alpha * x + beta))
  APUS_ONEDNN_HARD_SWISH,
  APUS_ONEDNN_POOL_MAX = 0x1ff,
  APUS_ONEDNN_POOL_AVERAGE_INCLUDE_PADDING = 0x2ff,
  APUS_ONEDNN_POOL_AVERAGE_EXCLUDE_PADDING = 0x3ff,
  APUS_ONEDNN_BINARY_ADD = 0x1fff0,
  APUS_ONEDNN_BINARY_MUL,
  APUS_ONEDNN_BINARY_MAX,
  APUS_ONEDNN_BINARY_MIN,
  APUS_ONEDNN_BINARY_DIV,
  APUS_ONEDNN_BINARY_SUB,
  APUS_ONEDNN_BINARY_GE,
  APUS_ONEDNN_BINARY_GT,
  APUS_ONEDNN_BINARY_LE,
  APUS_ONEDNN_BINARY_LT,
  APUS_ONEDNN_BINARY_EQ,
  APUS_ONEDNN_BINARY_NE,
  APUS_ONEDNN_RESAMPLE_NEAREST = 0x2fff0,
  APUS_ONEDNN_RESAMPLE_LINEAR,
  APUS_ONEDNN_REDUCE_MAX,
  APUS_ONEDNN_REDUCE_MIN,
  APUS_ONEDNN_REDUCE_SUM,
  APUS_ONEDNN_REDUCE_MUL,
  APUS_ONEDNN_REDUCE_MEAN,
  /// Lp norm; p and epsilon are given with the reduction.
  APUS_ONEDNN_REDUCE_NORM_LP_MAX,
  APUS_ONEDNN_REDUCE_NORM_LP_SUM,
  APUS_ONEDNN_REDUCE_NORM_LP_POWER_P_MAX,
  APUS_ONEDNN_REDUCE_NORM_LP_POWER_P_SUM,
  APUS_ONEDNN_SOFTMAX = 0x30000,
  APUS_ONEDNN_LOG_SOFTMAX,
} apus_onednn_algorithm;

/// Which memory of a primitive an argument is; oneDNN's values. Those of attributes are made with
/// apus_onednn_argument_scale, ..._zero_point and ..._post_op.
typedef enum : int32_t {
  /// The only source, or the first.
  APUS_ONEDNN_SOURCE = 1,
  APUS_ONEDNN_SOURCE_1 = 2,
  APUS_ONEDNN_DESTINATION = 17,
  APUS_ONEDNN_WEIGHTS = 33,
  APUS_ONEDNN_BIAS = 41,
  APUS_ONEDNN_MEAN = 49,
  APUS_ONEDNN_VARIANCE = 50,
  APUS_ONEDNN_SCALE = 51,
  APUS_ONEDNN_SHIFT = 52,
  APUS_ONEDNN_SCRATCHPAD = 80,
} apus_onednn_argument;

/// FP32 scales of the argument, one or one per entry of the masked dimensions.
static inline apus_onednn_argument apus_onednn_argument_scale(apus_onednn_argument of) {
  return (apus_onednn_argument)(4096 | of);
}
/// S32 zero points of the argument.
static inline apus_onednn_argument apus_onednn_argument_zero_point(apus_onednn_argument of) {
  return (apus_onednn_argument)(8192 | of);
}
/// The operand of the binary post-operation at a position of the list, counted from 0.
static inline apus_onednn_argument apus_onednn_argument_post_op(int position) {
  return (apus_onednn_argument)((32768 * (position + 1)) | APUS_ONEDNN_SOURCE_1);
}

/// The caller's threads. `run` performs `body(context, task, thread)` once for every task and returns when
/// all are done; `tasks` is at most `count`. It should hand one task to each thread, the calling one among
/// them; if it performs some one after another, as for a pool that is in use elsewhere, calls are slower but
/// still correct.
typedef struct apus_threads {
  int32_t count;
  void (*run)(void *_Nullable pool, int tasks, void (*body)(void *_Nullable context, int task, int thread),
              void *_Nullable context);
  void *_Nullable pool;
} apus_threads;

/// An opened library with a CPU engine.
typedef struct apus_onednn apus_onednn;
/// The shape, element type and placement of a tensor.
typedef struct apus_onednn_memory apus_onednn_memory;
/// An operation with everything but the data: kernels are compiled.
typedef struct apus_onednn_primitive apus_onednn_primitive;
/// A primitive ready for pointers: execution allocates nothing of ours.
typedef struct apus_onednn_call apus_onednn_call;

typedef struct apus_onednn_version {
  int32_t major, minor, patch;
  /// The library's threads are replaced; if not, it is a build without threads.
  int32_t threads_replaced;
} apus_onednn_version;

// MARK: Library

/// Opens oneDNN 3 and puts the caller's threads under it. `path` names the shared library; NULL looks for
/// libdnnl.so.3 on the loader's path. On failure returns NULL and writes the reason: the loader's message,
/// another version, missing symbols by name, or a threading run time that cannot be replaced.
apus_onednn *_Nullable apus_onednn_open(const char *_Nullable path, char *_Nullable error, size_t error_size);
/// Releases the engine; everything made from it must be destroyed before. The shared library stays mapped.
void apus_onednn_close(apus_onednn *_Nullable library);
apus_onednn_version apus_onednn_get_version(const apus_onednn *library);
/// The field's name of a status, such as "unimplemented".
const char *apus_onednn_status_name(apus_onednn_status status);

// MARK: Memory descriptors

/// A tensor by dimensions and strides, both in elements; `strides` NULL means dense row-major.
/// Convolution weights are OIHW, or GOIHW with groups, in logical order whatever the strides say.
apus_onednn_status apus_onednn_memory_create(
    const apus_onednn *library, apus_onednn_type type, int32_t rank, const int64_t *dims,
    const int64_t *_Nullable strides,
    apus_onednn_memory *_Nullable *_Nonnull out);
/// A tensor in a named format, or in the format that a primitive will choose.
apus_onednn_status apus_onednn_memory_create_format(
    const apus_onednn *library, apus_onednn_type type, int32_t rank, const int64_t *dims,
    apus_onednn_format format, apus_onednn_memory *_Nullable *_Nonnull out);
/// The same bytes under other dimensions of the same count.
apus_onednn_status apus_onednn_memory_create_reshaped(
    const apus_onednn *library, const apus_onednn_memory *memory, int32_t rank, const int64_t *dims,
    apus_onednn_memory *_Nullable *_Nonnull out);
apus_onednn_status apus_onednn_memory_copy(
    const apus_onednn *library, const apus_onednn_memory *memory,
    apus_onednn_memory *_Nullable *_Nonnull out);
void apus_onednn_memory_destroy(const apus_onednn *library, apus_onednn_memory *_Nullable memory);
/// Bytes that the tensor takes, padding and compensation included.
size_t apus_onednn_memory_bytes(const apus_onednn *library, const apus_onednn_memory *memory);
int32_t apus_onednn_memory_equal(
    const apus_onednn *library, const apus_onednn_memory *first, const apus_onednn_memory *second);

/// How a descriptor places its elements: a value that can be stored and compared. Descriptors cannot be made
/// from it; make the primitive again and compare its choice.
typedef struct apus_onednn_layout {
  int32_t rank;
  apus_onednn_type type;
  /// 1: to be chosen; 2: strides with inner blocks; 3: known to oneDNN only.
  int32_t kind;
  int32_t inner_count;
  int64_t bytes;
  int64_t dims[APUS_ONEDNN_MAX_RANK];
  int64_t padded_dims[APUS_ONEDNN_MAX_RANK];
  /// Between outer blocks, in elements.
  int64_t strides[APUS_ONEDNN_MAX_RANK];
  int64_t inner_blocks[APUS_ONEDNN_MAX_RANK];
  /// The dimension that each inner block splits.
  int64_t inner_dims[APUS_ONEDNN_MAX_RANK];
} apus_onednn_layout;

/// Unused entries are 0, so that layouts compare byte by byte.
apus_onednn_status apus_onednn_memory_get_layout(
    const apus_onednn *library, const apus_onednn_memory *memory, apus_onednn_layout *layout);

// MARK: Attributes

typedef enum : int32_t {
  /// destination = alg(result, alpha, beta)
  APUS_ONEDNN_POST_ELTWISE = 0,
  /// destination = result + scale * (old destination - zero_point), in place
  APUS_ONEDNN_POST_SUM = 1,
  /// destination = alg(result, operand), the operand broadcast
  APUS_ONEDNN_POST_BINARY = 2,
} apus_onednn_post_op_kind;

typedef struct apus_onednn_post_op {
  apus_onednn_post_op_kind kind;
  /// Of ELTWISE and BINARY.
  apus_onednn_algorithm algorithm;
  /// Of ELTWISE.
  float alpha, beta;
  /// Of SUM.
  float scale;
  int32_t zero_point;
  /// Of BINARY: same rank as the destination; each dimension equal to it or 1.
  const apus_onednn_memory *_Nullable operand;
} apus_onednn_post_op;

/// Values given at execution for a quantised argument: scales (FP32) or zero points (S32).
typedef struct apus_onednn_quantization {
  apus_onednn_argument argument;
  /// Bit i set: one value per entry of dimension i. 0: one value.
  int32_t mask;
  /// How many values there are.
  int64_t count;
} apus_onednn_quantization;

/// Arithmetic that may stand in for FP32.
typedef enum : int32_t {
  APUS_ONEDNN_MATH_STRICT = 0,
  APUS_ONEDNN_MATH_BF16 = 1,
} apus_onednn_math;

/// What holds for every kind of primitive. All zero is a valid value: one thread, nothing fused.
typedef struct apus_onednn_attributes {
  const apus_onednn_post_op *_Nullable post_ops;
  int32_t post_op_count;
  const apus_onednn_quantization *_Nullable scales;
  int32_t scale_count;
  const apus_onednn_quantization *_Nullable zero_points;
  int32_t zero_point_count;
  apus_onednn_math math;
  /// Threads the kernels are laid out for; 0 counts as 1. A call needs at least as many.
  int32_t threads;
  /// Which of oneDNN's implementations, best first; APUS_ONEDNN_LAST_IMPLEMENTATION beyond the last.
  int32_t implementation;
} apus_onednn_attributes;

// MARK: Operations

/// Bounds of windows over `rank` spatial dimensions (1 to 3), outermost first. Dilation 1 is dense.
typedef struct apus_onednn_window {
  int32_t rank;
  int64_t kernel[APUS_ONEDNN_MAX_SPATIAL];
  int64_t strides[APUS_ONEDNN_MAX_SPATIAL];
  int64_t dilations[APUS_ONEDNN_MAX_SPATIAL];
  int64_t padding_begin[APUS_ONEDNN_MAX_SPATIAL];
  int64_t padding_end[APUS_ONEDNN_MAX_SPATIAL];
} apus_onednn_window;

/// Source N,C,spatial; weights [G,]O,I,spatial; bias O or NULL; destination N,O,spatial. The window's kernel
/// is taken from the weights. Arguments: SOURCE, WEIGHTS, BIAS, DESTINATION.
apus_onednn_status apus_onednn_convolution_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *weights,
    const apus_onednn_memory *_Nullable bias, const apus_onednn_memory *destination,
    const apus_onednn_window *window,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// As the convolution; O are the channels of the destination, so that ONNX's I,O,spatial weights are given
/// with their first two strides exchanged.
apus_onednn_status apus_onednn_deconvolution_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *weights,
    const apus_onednn_memory *_Nullable bias, const apus_onednn_memory *destination,
    const apus_onednn_window *window,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// Source [batch...,]M,K; weights [batch...,]K,N; bias NULL or the destination's rank, each dimension equal
/// or 1; batch dimensions of 1 are broadcast; transposition is by strides. Arguments as the convolution.
apus_onednn_status apus_onednn_matmul_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *weights,
    const apus_onednn_memory *_Nullable bias, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// Copies between placements and element types. Arguments: SOURCE, DESTINATION.
apus_onednn_status apus_onednn_reorder_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// POOL_MAX or POOL_AVERAGE_*. Arguments: SOURCE, DESTINATION.
apus_onednn_status apus_onednn_pooling_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, const apus_onednn_memory *source,
    const apus_onednn_memory *destination, const apus_onednn_window *window,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// RELU to HARD_SWISH. Arguments: SOURCE, DESTINATION; they may be one memory.
apus_onednn_status apus_onednn_eltwise_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, float alpha, float beta,
    const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// SOFTMAX or LOG_SOFTMAX over one axis. Arguments: SOURCE, DESTINATION.
apus_onednn_status apus_onednn_softmax_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, int32_t axis,
    const apus_onednn_memory *source,
    const apus_onednn_memory *destination, const apus_onednn_attributes *_Nullable attributes,
    apus_onednn_primitive *_Nullable *_Nonnull out);
/// Over the last dimension; scale and shift are FP32 vectors. Arguments: SOURCE, SCALE, SHIFT, DESTINATION.
apus_onednn_status apus_onednn_layer_norm_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *destination,
    float epsilon, int32_t has_scale, int32_t has_shift, const apus_onednn_attributes *_Nullable attributes,
    apus_onednn_primitive *_Nullable *_Nonnull out);
/// RESAMPLE_*, half-pixel centres; `factors` per spatial dimension, or NULL for the ratio of the dimensions.
/// Arguments: SOURCE, DESTINATION.
apus_onednn_status apus_onednn_resampling_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, const float *_Nullable factors,
    const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// BINARY_*; dimensions of 1 in the second source are broadcast. Arguments: SOURCE, SOURCE_1, DESTINATION.
apus_onednn_status apus_onednn_binary_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, const apus_onednn_memory *first,
    const apus_onednn_memory *second, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);
/// REDUCE_*, over the dimensions in which the destination has 1. Arguments: SOURCE, DESTINATION.
apus_onednn_status apus_onednn_reduction_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, float p, float epsilon,
    const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *_Nullable attributes, apus_onednn_primitive *_Nullable *_Nonnull out);

// MARK: Primitives

void apus_onednn_primitive_destroy(apus_onednn_primitive *_Nullable primitive);
/// The implementation's name, such as "brgconv:avx512_core"; lives as long as the primitive.
const char *apus_onednn_primitive_name(const apus_onednn_primitive *primitive);
/// The placement that the primitive settled on for an argument; lives as long as the primitive. NULL if it
/// has no such argument.
const apus_onednn_memory *_Nullable apus_onednn_primitive_memory(
    const apus_onednn_primitive *primitive, apus_onednn_argument argument);
/// Working memory that a call needs under SCRATCHPAD; 0 if none.
size_t apus_onednn_primitive_scratchpad_bytes(const apus_onednn_primitive *primitive);

// MARK: Calls

/// Binds a primitive to a list of arguments, whose pointers are given with every call.
/// The primitive must outlive the call object.
apus_onednn_status apus_onednn_call_create(
    const apus_onednn_primitive *primitive, const apus_onednn_argument *arguments, int32_t count,
    apus_onednn_call *_Nullable *_Nonnull out);
void apus_onednn_call_destroy(apus_onednn_call *_Nullable call);
/// Executes and waits. `pointers` follow the list given at creation. `threads` NULL runs on the calling
/// thread.
apus_onednn_status apus_onednn_call_run(
    apus_onednn_call *call, void *_Nullable const *_Nonnull pointers, const apus_threads *_Nullable threads);

/// Copies a tensor into another placement, once; for packing weights into what a primitive settled on.
apus_onednn_status apus_onednn_reorder(
    const apus_onednn *library, const apus_onednn_memory *source_memory, const void *source,
    const apus_onednn_memory *destination_memory, void *destination, const apus_threads *_Nullable threads);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif
#endif
