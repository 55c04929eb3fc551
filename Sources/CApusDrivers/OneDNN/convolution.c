#include "primitive.h"
#include "window.h"

apus_onednn_status apus_onednn_convolution_create(
    const apus_onednn *library, const apus_onednn_memory *source, const apus_onednn_memory *weights,
    const apus_onednn_memory *bias, const apus_onednn_memory *destination, const apus_onednn_window *window,
    const apus_onednn_attributes *attributes, apus_onednn_primitive **out) {
  *out = NULL;
  int64_t dilations[APUS_ONEDNN_MAX_SPATIAL];
  if (apus_window_dilations(window, dilations) != 0) return APUS_ONEDNN_INVALID_ARGUMENTS;
  struct apus_creation creation;
  apus_onednn_status status = apus_creation_begin(&creation, library, attributes);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  dnnl_status_t made = library->convolution_forward_primitive_desc_create(
      &creation.descriptor, library->engine, dnnl_forward_inference, dnnl_convolution_direct, source,
      weights, bias, destination, window->strides, dilations, window->padding_begin, window->padding_end,
      creation.attr);
  return apus_creation_end(&creation, made, out);
}
