#include "primitive.h"

apus_onednn_status apus_onednn_reorder_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *destination,
    const apus_onednn_attributes *attributes, apus_onednn_primitive **out) {
  *out = NULL;
  struct apus_creation creation;
  apus_onednn_status status = apus_creation_begin(&creation, library, attributes);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  dnnl_status_t made = library->reorder_primitive_desc_create(
      &creation.descriptor, source, library->engine, destination, library->engine, creation.attr);
  return apus_creation_end(&creation, made, out);
}
