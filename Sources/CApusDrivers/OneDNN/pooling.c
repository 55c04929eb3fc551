#include "primitive.h"
#include "window.h"

apus_onednn_status apus_onednn_pooling_create(
    const apus_onednn *library, apus_onednn_algorithm algorithm, const apus_onednn_memory *source,
    const apus_onednn_memory *destination, const apus_onednn_window *window,
    const apus_onednn_attributes *attributes, apus_onednn_primitive **out) {
  *out = NULL;
  int64_t dilations[APUS_ONEDNN_MAX_SPATIAL];
  if (apus_window_dilations(window, dilations) != 0) return APUS_ONEDNN_INVALID_ARGUMENTS;
  struct apus_creation creation;
  apus_onednn_status status = apus_creation_begin(&creation, library, attributes);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  dnnl_status_t made = library->pooling_forward_primitive_desc_create(
      &creation.descriptor, library->engine, dnnl_forward_inference, algorithm, source, destination,
      window->strides, window->kernel, dilations, window->padding_begin, window->padding_end, creation.attr);
  return apus_creation_end(&creation, made, out);
}
