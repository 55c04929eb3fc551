#include "primitive.h"

#include <pthread.h>
#include <stdlib.h>

#include "team.h"

static dnnl_status_t append_post_op(
    const apus_onednn *library, dnnl_post_ops_t list, const apus_onednn_post_op *post_op) {
  switch (post_op->kind) {
  case APUS_ONEDNN_POST_ELTWISE:
    return library->post_ops_append_eltwise(list, post_op->algorithm, post_op->alpha, post_op->beta);
  case APUS_ONEDNN_POST_SUM:
    return library->post_ops_append_sum(list, post_op->scale, post_op->zero_point, 0);
  case APUS_ONEDNN_POST_BINARY:
    return library->post_ops_append_binary(list, post_op->algorithm, post_op->operand);
  default: return APUS_ONEDNN_INVALID_ARGUMENTS;
  }
}

static dnnl_status_t set_post_ops(
    const apus_onednn *library, dnnl_primitive_attr_t attr, const apus_onednn_attributes *attributes) {
  if (attributes->post_op_count == 0) return 0;
  dnnl_post_ops_t list = NULL;
  dnnl_status_t status = library->post_ops_create(&list);
  for (int i = 0; status == 0 && i < attributes->post_op_count; i++) {
    status = append_post_op(library, list, &attributes->post_ops[i]);
  }
  if (status == 0) status = library->primitive_attr_set_post_ops(attr, list);
  if (list != NULL) library->post_ops_destroy(list);
  return status;
}

static dnnl_status_t set_attributes(
    const apus_onednn *library, dnnl_primitive_attr_t attr, const apus_onednn_attributes *attributes) {
  dnnl_status_t status = library->primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (status == 0) status = library->primitive_attr_set_fpmath_mode(attr, attributes->math);
  for (int i = 0; status == 0 && i < attributes->scale_count; i++) {
    const apus_onednn_quantization *scale = &attributes->scales[i];
    status = library->primitive_attr_set_scales_mask(attr, scale->argument, scale->mask);
  }
  for (int i = 0; status == 0 && i < attributes->zero_point_count; i++) {
    const apus_onednn_quantization *point = &attributes->zero_points[i];
    status = library->primitive_attr_set_zero_points_mask(attr, point->argument, point->mask);
  }
  return status == 0 ? set_post_ops(library, attr, attributes) : status;
}

// A descriptor that oneDNN finds in its cache of primitives does not advance to the next implementation: the
// cache is emptied and held empty while one is made for another than the first.
static pthread_mutex_t cache_is_off = PTHREAD_MUTEX_INITIALIZER;

static void turn_cache_off(struct apus_creation *creation) {
  if (creation->attributes->implementation == 0) return;
  pthread_mutex_lock(&cache_is_off);
  creation->library->get_primitive_cache_capacity(&creation->former_capacity);
  creation->library->set_primitive_cache_capacity(0);
}

static void turn_cache_on(struct apus_creation *creation) {
  if (creation->attributes->implementation == 0) return;
  creation->library->set_primitive_cache_capacity(creation->former_capacity);
  pthread_mutex_unlock(&cache_is_off);
}

apus_onednn_status apus_creation_begin(
    struct apus_creation *creation, const apus_onednn *library, const apus_onednn_attributes *attributes) {
  static const apus_onednn_attributes none = {0};
  *creation = (struct apus_creation){.library = library,
      .attributes = attributes == NULL ? &none : attributes};
  dnnl_status_t status = library->primitive_attr_create(&creation->attr);
  if (status != 0) return status;
  status = set_attributes(library, creation->attr, creation->attributes);
  if (status != 0) {
    library->primitive_attr_destroy(creation->attr);
    return status;
  }
  creation->threads = creation->attributes->threads < 1 ? 1 : creation->attributes->threads;
  creation->former_limit = apus_team_set_limit(creation->threads);
  turn_cache_off(creation);
  return APUS_ONEDNN_SUCCESS;
}

static dnnl_status_t add_quantization(
    struct apus_onednn_primitive *primitive, const apus_onednn_quantization *values, int count, int type,
    apus_onednn_argument (*argument)(apus_onednn_argument)) {
  const int capacity = sizeof primitive->quantization / sizeof *primitive->quantization;
  for (int i = 0; i < count; i++) {
    int position = primitive->quantization_count;
    if (position == capacity) return APUS_ONEDNN_INVALID_ARGUMENTS;
    int64_t stride = 1;
    dnnl_status_t status = primitive->library->memory_desc_create_with_strides(
        &primitive->quantization[position].memory, 1, &values[i].count, type, &stride);
    if (status != 0) return status;
    primitive->quantization[position].argument = argument(values[i].argument);
    primitive->quantization_count++;
  }
  return 0;
}

static dnnl_status_t finish(struct apus_creation *creation, apus_onednn_primitive *primitive) {
  const apus_onednn *library = creation->library;
  const apus_onednn_attributes *attributes = creation->attributes;
  for (int i = 0; i < attributes->implementation; i++) {
    dnnl_status_t status = library->primitive_desc_next_impl(creation->descriptor);
    if (status != 0) return status;
  }
  dnnl_status_t status = add_quantization(
      primitive, attributes->scales, attributes->scale_count, APUS_ONEDNN_F32, apus_onednn_argument_scale);
  if (status != 0) return status;
  status = add_quantization(
      primitive, attributes->zero_points, attributes->zero_point_count, APUS_ONEDNN_S32,
      apus_onednn_argument_zero_point);
  if (status != 0) return status;
  return library->primitive_create(&primitive->primitive, creation->descriptor);
}

apus_onednn_status apus_creation_end(
    struct apus_creation *creation, dnnl_status_t status, apus_onednn_primitive **out) {
  *out = NULL;
  if (status == 0) {
    apus_onednn_primitive *primitive = calloc(1, sizeof *primitive);
    if (primitive == NULL) {
      creation->library->primitive_desc_destroy(creation->descriptor);
      status = APUS_ONEDNN_OUT_OF_MEMORY;
    } else {
      primitive->library = creation->library;
      primitive->descriptor = creation->descriptor;
      primitive->threads = creation->threads;
      status = finish(creation, primitive);
      if (status == 0) {
        *out = primitive;
      } else {
        apus_onednn_primitive_destroy(primitive);
      }
    }
  }
  turn_cache_on(creation);
  creation->library->primitive_attr_destroy(creation->attr);
  apus_team_set_limit(creation->former_limit);
  return status;
}

void apus_onednn_primitive_destroy(apus_onednn_primitive *primitive) {
  if (primitive == NULL) return;
  const apus_onednn *library = primitive->library;
  for (int i = 0; i < primitive->quantization_count; i++) {
    library->memory_desc_destroy(primitive->quantization[i].memory);
  }
  if (primitive->primitive != NULL) library->primitive_destroy(primitive->primitive);
  library->primitive_desc_destroy(primitive->descriptor);
  free(primitive);
}

const char *apus_onednn_primitive_name(const apus_onednn_primitive *primitive) {
  const char *name = NULL;
  dnnl_status_t status =
      primitive->library->primitive_desc_query(primitive->descriptor, dnnl_query_impl_info_str, 0, &name);
  return status == 0 && name != NULL ? name : "";
}

const apus_onednn_memory *apus_onednn_primitive_memory(
    const apus_onednn_primitive *primitive, apus_onednn_argument argument) {
  for (int i = 0; i < primitive->quantization_count; i++) {
    if (primitive->quantization[i].argument == (int)argument) return primitive->quantization[i].memory;
  }
  const apus_onednn *library = primitive->library;
  const_dnnl_md_t memory =
      library->primitive_desc_query_md(primitive->descriptor, dnnl_query_exec_arg_md, argument);
  int rank = 0;
  if (memory == NULL || library->memory_desc_query(memory, dnnl_query_ndims_s32, &rank) != 0) return NULL;
  return rank == 0 ? NULL : memory;
}

size_t apus_onednn_primitive_scratchpad_bytes(const apus_onednn_primitive *primitive) {
  const_dnnl_md_t memory =
      primitive->library->primitive_desc_query_md(primitive->descriptor, dnnl_query_scratchpad_md, 0);
  return memory == NULL ? 0 : primitive->library->memory_desc_get_size(memory);
}
