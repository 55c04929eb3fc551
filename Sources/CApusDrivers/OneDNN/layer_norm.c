#include "primitive.h"

apus_onednn_status apus_onednn_layer_norm_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *destination,
    float epsilon, int32_t has_scale, int32_t has_shift, const apus_onednn_attributes *attributes,
    apus_onednn_primitive **out) {
  *out = NULL;
  struct apus_creation creation;
  apus_onednn_status status = apus_creation_begin(&creation, library, attributes);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  dnnl_status_t made = library->layer_normalization_forward_primitive_desc_create(
      &creation.descriptor, library->engine, dnnl_forward_inference, source, destination, NULL, epsilon,
      (unsigned)((has_scale ? dnnl_use_scale : 0) | (has_shift ? dnnl_use_shift : 0)), creation.attr);
  return apus_creation_end(&creation, made, out);
}
