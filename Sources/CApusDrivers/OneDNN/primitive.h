#ifndef APUS_ONEDNN_PRIMITIVE_H
#define APUS_ONEDNN_PRIMITIVE_H

#include "dnnl_abi.h"

struct apus_onednn_primitive {
  const apus_onednn *library;
  dnnl_primitive_desc_t descriptor;
  dnnl_primitive_t primitive;
  int threads;
  // Memory descriptors of scales and zero points, which oneDNN does not keep.
  int quantization_count;
  struct {
    int argument;
    dnnl_md_t memory;
  } quantization[8];
};

/// Creation of a primitive in three steps: begin, oneDNN's own descriptor function, end.
struct apus_creation {
  const apus_onednn *library;
  const apus_onednn_attributes *attributes;
  dnnl_primitive_attr_t attr;
  dnnl_primitive_desc_t descriptor;
  int threads, former_limit, former_capacity;
};

/// Sets the thread count that oneDNN sees and makes its attributes. On failure nothing is left to undo.
apus_onednn_status apus_creation_begin(
    struct apus_creation *creation, const apus_onednn *library, const apus_onednn_attributes *attributes);

/// Takes the status of the descriptor function; compiles the primitive, or cleans up.
apus_onednn_status apus_creation_end(
    struct apus_creation *creation, dnnl_status_t status, apus_onednn_primitive **out);

#endif
