#include "primitive.h"

apus_onednn_status apus_onednn_eltwise_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, float alpha, float beta,
    const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *attributes, apus_onednn_primitive **out) {
  *out = NULL;
  struct apus_creation creation;
  apus_onednn_status status = apus_creation_begin(&creation, library, attributes);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  dnnl_status_t made = library->eltwise_forward_primitive_desc_create(
      &creation.descriptor, library->engine, dnnl_forward_inference, algorithm, source, destination, alpha,
      beta,
      creation.attr);
  return apus_creation_end(&creation, made, out);
}
