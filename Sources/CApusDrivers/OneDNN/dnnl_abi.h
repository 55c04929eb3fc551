#ifndef APUS_DNNL_ABI_H
#define APUS_DNNL_ABI_H
// The part of oneDNN 3's C interface that is used, declared here so that no header of it is needed.

#include <stdint.h>

#include "apus_onednn.h"

typedef int dnnl_status_t;
typedef struct dnnl_engine *dnnl_engine_t;
typedef struct dnnl_stream *dnnl_stream_t;
typedef struct dnnl_memory *dnnl_memory_t;
typedef struct dnnl_primitive *dnnl_primitive_t;
typedef struct dnnl_primitive_desc *dnnl_primitive_desc_t;
typedef struct dnnl_primitive_attr *dnnl_primitive_attr_t;
typedef struct dnnl_post_ops *dnnl_post_ops_t;
typedef struct apus_onednn_memory *dnnl_md_t;
typedef const struct apus_onednn_memory *const_dnnl_md_t;

typedef struct {
  int arg;
  dnnl_memory_t memory;
} dnnl_exec_arg_t;

typedef struct {
  int major, minor, patch;
  const char *hash;
  unsigned cpu_runtime, gpu_runtime;
} dnnl_version_t;

enum { dnnl_cpu = 1, dnnl_stream_default_flags = 1, dnnl_forward_inference = 96,
    dnnl_scratchpad_mode_user = 1 };
enum { dnnl_convolution_direct = 1, dnnl_deconvolution_direct = 10 };
enum { dnnl_use_scale = 2, dnnl_use_shift = 4 };
enum { dnnl_runtime_sequential = 1, dnnl_runtime_openmp = 2 };
enum {
  dnnl_query_impl_info_str = 8,
  dnnl_query_strides = 14,
  dnnl_query_scratchpad_md = 136,
  dnnl_query_exec_arg_md = 255,
  dnnl_query_ndims_s32 = 256,
  dnnl_query_dims = 257,
  dnnl_query_data_type = 258,
  dnnl_query_padded_dims = 260,
  dnnl_query_format_kind = 262,
  dnnl_query_inner_nblks_s32 = 263,
  dnnl_query_inner_blks = 264,
  dnnl_query_inner_idxs = 265,
};

#define PD dnnl_primitive_desc_t *pd, dnnl_engine_t engine
#define ATTR dnnl_primitive_attr_t attr
#define SPATIAL \
  const int64_t *strides, const int64_t *dilations, const int64_t *padding_begin, const int64_t *padding_end

// X(name, result, parameters)
#define APUS_DNNL_FUNCTIONS(X) \
  X(version, const dnnl_version_t *, (void)) \
  X(get_primitive_cache_capacity, dnnl_status_t, (int *capacity)) \
  X(set_primitive_cache_capacity, dnnl_status_t, (int capacity)) \
  X(engine_create, dnnl_status_t, (dnnl_engine_t *, int kind, size_t index)) \
  X(engine_destroy, dnnl_status_t, (dnnl_engine_t)) \
  X(stream_create, dnnl_status_t, (dnnl_stream_t *, dnnl_engine_t, unsigned flags)) \
  X(stream_destroy, dnnl_status_t, (dnnl_stream_t)) \
  X(memory_desc_create_with_strides, dnnl_status_t, \
    (dnnl_md_t *, int rank, const int64_t *dims, int type, const int64_t *strides)) \
  X(memory_desc_create_with_tag, dnnl_status_t, (dnnl_md_t *, int rank, const int64_t *dims, int type, \
      int tag)) \
  X(memory_desc_reshape, dnnl_status_t, (dnnl_md_t *, const_dnnl_md_t, int rank, const int64_t *dims)) \
  X(memory_desc_clone, dnnl_status_t, (dnnl_md_t *, const_dnnl_md_t)) \
  X(memory_desc_destroy, dnnl_status_t, (dnnl_md_t)) \
  X(memory_desc_query, dnnl_status_t, (const_dnnl_md_t, int what, void *result)) \
  X(memory_desc_equal, int, (const_dnnl_md_t, const_dnnl_md_t)) \
  X(memory_desc_get_size, size_t, (const_dnnl_md_t)) \
  X(memory_create, dnnl_status_t, (dnnl_memory_t *, const_dnnl_md_t, dnnl_engine_t, void *handle)) \
  X(memory_set_data_handle, dnnl_status_t, (dnnl_memory_t, void *handle)) \
  X(memory_destroy, dnnl_status_t, (dnnl_memory_t)) \
  X(primitive_attr_create, dnnl_status_t, (dnnl_primitive_attr_t *)) \
  X(primitive_attr_destroy, dnnl_status_t, (ATTR)) \
  X(primitive_attr_set_fpmath_mode, dnnl_status_t, (ATTR, int mode)) \
  X(primitive_attr_set_scratchpad_mode, dnnl_status_t, (ATTR, int mode)) \
  X(primitive_attr_set_scales_mask, dnnl_status_t, (ATTR, int argument, int mask)) \
  X(primitive_attr_set_zero_points_mask, dnnl_status_t, (ATTR, int argument, int mask)) \
  X(primitive_attr_set_post_ops, dnnl_status_t, (ATTR, dnnl_post_ops_t)) \
  X(post_ops_create, dnnl_status_t, (dnnl_post_ops_t *)) \
  X(post_ops_destroy, dnnl_status_t, (dnnl_post_ops_t)) \
  X(post_ops_append_sum, dnnl_status_t, (dnnl_post_ops_t, float scale, int32_t zero_point, int type)) \
  X(post_ops_append_eltwise, dnnl_status_t, (dnnl_post_ops_t, int algorithm, float alpha, float beta)) \
  X(post_ops_append_binary, dnnl_status_t, (dnnl_post_ops_t, int algorithm, const_dnnl_md_t)) \
  X(primitive_desc_next_impl, dnnl_status_t, (dnnl_primitive_desc_t)) \
  X(primitive_desc_destroy, dnnl_status_t, (dnnl_primitive_desc_t)) \
  X(primitive_desc_query, dnnl_status_t, (dnnl_primitive_desc_t, int what, int index, void *result)) \
  X(primitive_desc_query_md, const_dnnl_md_t, (dnnl_primitive_desc_t, int what, int index)) \
  X(primitive_create, dnnl_status_t, (dnnl_primitive_t *, dnnl_primitive_desc_t)) \
  X(primitive_destroy, dnnl_status_t, (dnnl_primitive_t)) \
  X(primitive_execute, dnnl_status_t, (dnnl_primitive_t, dnnl_stream_t, int count, const dnnl_exec_arg_t *)) \
  X(convolution_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const_dnnl_md_t source, const_dnnl_md_t weights, \
     const_dnnl_md_t bias, \
     const_dnnl_md_t destination, SPATIAL, ATTR)) \
  X(deconvolution_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const_dnnl_md_t source, const_dnnl_md_t weights, \
     const_dnnl_md_t bias, \
     const_dnnl_md_t destination, SPATIAL, ATTR)) \
  X(matmul_primitive_desc_create, dnnl_status_t, \
    (PD, const_dnnl_md_t source, const_dnnl_md_t weights, const_dnnl_md_t bias, \
     const_dnnl_md_t destination, ATTR)) \
  X(reorder_primitive_desc_create, dnnl_status_t, \
    (dnnl_primitive_desc_t *pd, const_dnnl_md_t source, dnnl_engine_t, const_dnnl_md_t destination, \
     dnnl_engine_t, \
     ATTR)) \
  X(pooling_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const_dnnl_md_t source, const_dnnl_md_t destination, \
     const int64_t *strides, const int64_t *kernel, const int64_t *dilations, const int64_t *padding_begin, \
     const int64_t *padding_end, ATTR)) \
  X(eltwise_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const_dnnl_md_t source, const_dnnl_md_t destination, float alpha, \
     float beta, ATTR)) \
  X(softmax_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const_dnnl_md_t source, const_dnnl_md_t destination, int axis, \
     ATTR)) \
  X(layer_normalization_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, const_dnnl_md_t source, const_dnnl_md_t destination, const_dnnl_md_t statistics, \
     float epsilon, unsigned flags, ATTR)) \
  X(resampling_forward_primitive_desc_create, dnnl_status_t, \
    (PD, int propagation, int algorithm, const float *factors, const_dnnl_md_t source, \
     const_dnnl_md_t destination, \
     ATTR)) \
  X(binary_primitive_desc_create, dnnl_status_t, \
    (PD, int algorithm, const_dnnl_md_t first, const_dnnl_md_t second, const_dnnl_md_t destination, ATTR)) \
  X(reduction_primitive_desc_create, dnnl_status_t, \
    (PD, int algorithm, const_dnnl_md_t source, const_dnnl_md_t destination, float p, float epsilon, ATTR))

struct apus_onednn {
  void *handle;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  int threads_replaced;
#define X(name, result, parameters) result(*name) parameters;
  APUS_DNNL_FUNCTIONS(X)
#undef X
};

#undef PD
#undef ATTR
#undef SPATIAL

#endif
