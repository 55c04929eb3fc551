#ifndef APUS_CUDA_H
#define APUS_CUDA_H
#include <stddef.h>
#include <stdint.h>
#include "apus_library.h"

// The part of the CUDA driver API that Apus uses, declared here so that no toolkit is needed to build it. Values
// follow the driver's stable ABI; entry points are those of CUDA 12.0 and later.

typedef int apus_cuda_result;
typedef int apus_cuda_device;
typedef uint64_t apus_cuda_address;
typedef struct apus_cuda_context_s *apus_cuda_context;
typedef struct apus_cuda_module_s *apus_cuda_module;
typedef struct apus_cuda_function_s *apus_cuda_function;
typedef struct apus_cuda_stream_s *apus_cuda_stream;
typedef struct apus_cuda_event_s *apus_cuda_event;
typedef struct apus_cuda_graph_s *apus_cuda_graph;
typedef struct apus_cuda_graph_exec_s *apus_cuda_graph_exec;
typedef struct apus_cuda_graph_node_s *apus_cuda_graph_node;

/// Results that callers tell apart.
enum {
  APUS_CUDA_SUCCESS = 0,
  APUS_CUDA_ERROR_OUT_OF_MEMORY = 2,
  APUS_CUDA_ERROR_NO_DEVICE = 100,
  APUS_CUDA_ERROR_INVALID_IMAGE = 200,
  APUS_CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  APUS_CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
  APUS_CUDA_ERROR_NOT_READY = 600,
};

/// Device attributes that Apus reads.
enum {
  APUS_CUDA_ATTRIBUTE_CLOCK_KHZ = 13,
  APUS_CUDA_ATTRIBUTE_MULTIPROCESSORS = 16,
  APUS_CUDA_ATTRIBUTE_INTEGRATED = 18,
  APUS_CUDA_ATTRIBUTE_MEMORY_CLOCK_KHZ = 36,
  APUS_CUDA_ATTRIBUTE_MEMORY_BUS_BITS = 37,
  APUS_CUDA_ATTRIBUTE_L2_BYTES = 38,
  APUS_CUDA_ATTRIBUTE_THREADS_PER_MULTIPROCESSOR = 39,
  APUS_CUDA_ATTRIBUTE_CAPABILITY_MAJOR = 75,
  APUS_CUDA_ATTRIBUTE_CAPABILITY_MINOR = 76,
  APUS_CUDA_ATTRIBUTE_SHARED_PER_MULTIPROCESSOR = 81,
  APUS_CUDA_ATTRIBUTE_REGISTERS_PER_MULTIPROCESSOR = 82,
  APUS_CUDA_ATTRIBUTE_SHARED_PER_BLOCK_OPTIN = 97,
  APUS_CUDA_ATTRIBUTE_MEMORY_POOLS = 115,
  APUS_CUDA_ATTRIBUTE_CLUSTER_LAUNCH = 120,
};

/// Function attributes that Apus reads or sets.
enum {
  APUS_CUDA_FUNCTION_SHARED_BYTES = 1,
  APUS_CUDA_FUNCTION_LOCAL_BYTES = 3,
  APUS_CUDA_FUNCTION_REGISTERS = 4,
  APUS_CUDA_FUNCTION_MAX_DYNAMIC_SHARED_BYTES = 8,
  APUS_CUDA_FUNCTION_NON_PORTABLE_CLUSTER = 14,
};

enum {
  APUS_CUDA_STREAM_NON_BLOCKING = 1,
  APUS_CUDA_EVENT_DEFAULT = 0,
  APUS_CUDA_EVENT_DISABLE_TIMING = 2,
  APUS_CUDA_HOST_PORTABLE = 1,
  APUS_CUDA_CAPTURE_THREAD_LOCAL = 1,
  APUS_CUDA_CAPTURE_RELAXED = 2,
};

/// A tensor map of the bulk copy engine: an opaque 128-byte kernel parameter.
typedef struct apus_cuda_tensor_map {
  _Alignas(64) uint64_t words[16];
} apus_cuda_tensor_map;

/// Element types of a tensor map.
enum {
  APUS_CUDA_TENSOR_FLOAT16 = 6,
  APUS_CUDA_TENSOR_FLOAT32 = 7,
  APUS_CUDA_TENSOR_BFLOAT16 = 9,
  APUS_CUDA_TENSOR_TFLOAT32 = 11,
};

/// Shared-memory swizzles of a tensor map.
enum {
  APUS_CUDA_SWIZZLE_NONE = 0,
  APUS_CUDA_SWIZZLE_32B = 1,
  APUS_CUDA_SWIZZLE_64B = 2,
  APUS_CUDA_SWIZZLE_128B = 3,
};

/// L2 promotion of a tensor map.
enum {
  APUS_CUDA_L2_PROMOTION_NONE = 0,
  APUS_CUDA_L2_PROMOTION_128B = 2,
  APUS_CUDA_L2_PROMOTION_256B = 3,
};

typedef union apus_cuda_attribute_value {
  char pad[64];
  int flag;
  struct {
    unsigned x, y, z;
  } cluster;
} apus_cuda_attribute_value;

typedef struct apus_cuda_attribute {
  int id;
  char pad[4];
  apus_cuda_attribute_value value;
} apus_cuda_attribute;

typedef struct apus_cuda_config {
  unsigned grid_x, grid_y, grid_z;
  unsigned block_x, block_y, block_z;
  unsigned shared_bytes;
  apus_cuda_stream _Nullable stream;
  apus_cuda_attribute *_Nullable attributes;
  unsigned attribute_count;
} apus_cuda_config;

/// Entry points of the CUDA driver; every one is there once `apus_cuda_open` has succeeded.
typedef struct apus_cuda_driver {
#define APUS_SYMBOL(field, symbol, result, parameters) result(*_Nonnull field) parameters;
#include "apus_cuda_symbols.h"
#undef APUS_SYMBOL
} apus_cuda_driver;

/// Opens the CUDA driver: first by the loader's path, then each of `directories`. The table lives as long as the
/// process; a second call returns the first one's. Returns NULL and fills `report` where there is no usable driver.
const apus_cuda_driver *_Nullable apus_cuda_open(const char *_Nonnull const *_Nullable directories, size_t count,
                                                 apus_library_report *_Nonnull report);

/// Geometry of one launch. A cluster dimension of zero means no cluster.
typedef struct apus_cuda_launch {
  unsigned grid[3];
  unsigned block[3];
  unsigned cluster[3];
  unsigned shared_bytes;
  /// Lets this kernel start before its predecessor in the stream has ended (compute capability 9.0 and later); the
  /// kernel itself waits before it reads what the predecessor wrote.
  int programmatic;
  int cooperative;
} apus_cuda_launch;

/// Launches `function` with `arguments` (addresses of the parameters) on `stream`.
apus_cuda_result apus_cuda_launch_kernel(const apus_cuda_driver *_Nonnull driver, apus_cuda_function _Nonnull function,
                                         const apus_cuda_launch *_Nonnull launch, apus_cuda_stream _Nullable stream,
                                         void *_Nullable *_Nonnull arguments);

/// Encodes a tiled tensor map as sixteen words. `dimensions` and `box` run from the innermost; `strides` (bytes) leaves out the
/// innermost. Elements outside the tensor read as zero.
apus_cuda_result apus_cuda_encode_tiled(const apus_cuda_driver *_Nonnull driver,
                                        uint64_t *_Nonnull words, int element_type, int rank,
                                        apus_cuda_address address, const uint64_t *_Nonnull dimensions,
                                        const uint64_t *_Nonnull strides, const uint32_t *_Nonnull box, int swizzle,
                                        int promotion);

/// An NHWC convolution's input as the copy engine's im2col mode sees it.
typedef struct apus_cuda_im2col {
  int element_type;
  int element_bytes;
  uint64_t batch, height, width, channels;
  int kernel[2], stride[2], dilation[2];
  /// Top, left, bottom, right.
  int padding[4];
  /// Channels and output pixels of one copy.
  uint32_t channels_per_copy, pixels_per_copy;
  int swizzle;
  int promotion;
} apus_cuda_im2col;

/// Encodes the im2col tensor map of an NHWC convolution's input as sixteen words.
apus_cuda_result apus_cuda_encode_im2col(const apus_cuda_driver *_Nonnull driver,
                                         uint64_t *_Nonnull words, apus_cuda_address address,
                                         const apus_cuda_im2col *_Nonnull shape);
#endif
