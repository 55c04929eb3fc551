#include <string.h>

#include "dnnl_abi.h"

apus_onednn_status apus_onednn_memory_create(
    const apus_onednn *library, apus_onednn_type type, int32_t rank, const int64_t *dims,
    const int64_t *strides, apus_onednn_memory **out) {
  *out = NULL;
  if (rank < 1 || rank > APUS_ONEDNN_MAX_RANK) return APUS_ONEDNN_INVALID_ARGUMENTS;
  int64_t dense[APUS_ONEDNN_MAX_RANK];
  if (strides == NULL) {
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
      dense[i] = stride;
      stride *= dims[i];
    }
    strides = dense;
  }
  return library->memory_desc_create_with_strides(out, rank, dims, type, strides);
}

apus_onednn_status apus_onednn_memory_create_format(
    const apus_onednn *library, apus_onednn_type type, int32_t rank, const int64_t *dims,
    apus_onednn_format format, apus_onednn_memory **out) {
  *out = NULL;
  return library->memory_desc_create_with_tag(out, rank, dims, type, format);
}

apus_onednn_status apus_onednn_memory_create_reshaped(
    const apus_onednn *library, const apus_onednn_memory *memory, int32_t rank, const int64_t *dims,
    apus_onednn_memory **out) {
  *out = NULL;
  return library->memory_desc_reshape(out, memory, rank, dims);
}

apus_onednn_status apus_onednn_memory_copy(
    const apus_onednn *library, const apus_onednn_memory *memory, apus_onednn_memory **out) {
  *out = NULL;
  return library->memory_desc_clone(out, memory);
}

void apus_onednn_memory_destroy(const apus_onednn *library, apus_onednn_memory *memory) {
  if (memory != NULL) library->memory_desc_destroy(memory);
}

size_t apus_onednn_memory_bytes(const apus_onednn *library, const apus_onednn_memory *memory) {
  return library->memory_desc_get_size(memory);
}

int32_t apus_onednn_memory_equal(
    const apus_onednn *library, const apus_onednn_memory *first, const apus_onednn_memory *second) {
  return library->memory_desc_equal(first, second);
}

apus_onednn_status apus_onednn_memory_get_layout(
    const apus_onednn *library, const apus_onednn_memory *memory, apus_onednn_layout *layout) {
  memset(layout, 0, sizeof *layout);
  int rank = 0, type = 0, kind = 0, inner_count = 0;
  const int64_t *dims = NULL, *padded = NULL, *strides = NULL, *blocks = NULL, *block_dims = NULL;
  dnnl_status_t status = library->memory_desc_query(memory, dnnl_query_ndims_s32, &rank);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_data_type, &type);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_format_kind, &kind);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_dims, &dims);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_padded_dims, &padded);
  if (status != 0) return status;
  layout->rank = rank;
  layout->type = (apus_onednn_type)type;
  layout->kind = kind;
  layout->bytes = (int64_t)library->memory_desc_get_size(memory);
  size_t row = (size_t)rank * sizeof(int64_t);
  memcpy(layout->dims, dims, row);
  memcpy(layout->padded_dims, padded, row);
  if (library->memory_desc_query(memory, dnnl_query_strides, &strides) != 0) return APUS_ONEDNN_SUCCESS;
  memcpy(layout->strides, strides, row);
  status = library->memory_desc_query(memory, dnnl_query_inner_nblks_s32, &inner_count);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_inner_blks, &blocks);
  if (status == 0) status = library->memory_desc_query(memory, dnnl_query_inner_idxs, &block_dims);
  if (status != 0) return status;
  layout->inner_count = inner_count;
  memcpy(layout->inner_blocks, blocks, (size_t)inner_count * sizeof(int64_t));
  memcpy(layout->inner_dims, block_dims, (size_t)inner_count * sizeof(int64_t));
  return APUS_ONEDNN_SUCCESS;
}
