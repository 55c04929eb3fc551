#include <stdlib.h>

#include "primitive.h"
#include "team.h"

struct apus_onednn_call {
  const apus_onednn_primitive *primitive;
  dnnl_stream_t stream;
  dnnl_status_t status;
  // Parallel regions of one execution, once known.
  int regions;
  int count;
  dnnl_exec_arg_t arguments[];
};

static dnnl_status_t bind(apus_onednn_call *call, const apus_onednn_argument *arguments, int count) {
  const apus_onednn *library = call->primitive->library;
  dnnl_status_t status =
      library->stream_create(&call->stream, library->engine, dnnl_stream_default_flags);
  for (int i = 0; status == 0 && i < count; i++) {
    const apus_onednn_memory *memory = apus_onednn_primitive_memory(call->primitive, arguments[i]);
    if (memory == NULL) return APUS_ONEDNN_INVALID_ARGUMENTS;
    call->arguments[i].arg = arguments[i];
    status = library->memory_create(&call->arguments[i].memory, memory, library->engine, NULL);
    if (status == 0) call->count++;
  }
  return status;
}

apus_onednn_status apus_onednn_call_create(
    const apus_onednn_primitive *primitive, const apus_onednn_argument *arguments, int32_t count,
    apus_onednn_call **out) {
  *out = NULL;
  if (count < 1) return APUS_ONEDNN_INVALID_ARGUMENTS;
  apus_onednn_call *call = calloc(1, sizeof *call + (size_t)count * sizeof *call->arguments);
  if (call == NULL) return APUS_ONEDNN_OUT_OF_MEMORY;
  call->primitive = primitive;
  call->regions = APUS_TEAM_UNKNOWN;
  dnnl_status_t status = bind(call, arguments, count);
  if (status != 0) {
    apus_onednn_call_destroy(call);
    return status;
  }
  *out = call;
  return APUS_ONEDNN_SUCCESS;
}

void apus_onednn_call_destroy(apus_onednn_call *call) {
  if (call == NULL) return;
  const apus_onednn *library = call->primitive->library;
  for (int i = 0; i < call->count; i++) library->memory_destroy(call->arguments[i].memory);
  if (call->stream != NULL) library->stream_destroy(call->stream);
  free(call);
}

static void execute(void *context) {
  apus_onednn_call *call = context;
  call->status = call->primitive->library->primitive_execute(
      call->primitive->primitive, call->stream, call->count, call->arguments);
}

apus_onednn_status apus_onednn_call_run(
    apus_onednn_call *call, void *const *pointers, const apus_threads *threads) {
  const apus_onednn_primitive *primitive = call->primitive;
  if ((threads == NULL ? 1 : threads->count) < primitive->threads) return APUS_ONEDNN_TOO_FEW_THREADS;
  for (int i = 0; i < call->count; i++) {
    dnnl_status_t status =
        primitive->library->memory_set_data_handle(call->arguments[i].memory, pointers[i]);
    if (status != 0) return status;
  }
  int regions = apus_team_run(threads, primitive->threads, call->regions, execute, call);
  if (regions > call->regions) call->regions = regions;
  return call->status;
}

apus_onednn_status apus_onednn_reorder(
    const apus_onednn *library, const apus_onednn_memory *source_memory, const void *source,
    const apus_onednn_memory *destination_memory, void *destination, const apus_threads *threads) {
  apus_onednn_attributes attributes = {.threads = threads == NULL ? 1 : threads->count};
  apus_onednn_primitive *primitive = NULL;
  apus_onednn_status status =
      apus_onednn_reorder_create(library, source_memory, destination_memory, &attributes, &primitive);
  if (status != APUS_ONEDNN_SUCCESS) return status;
  size_t scratchpad_bytes = apus_onednn_primitive_scratchpad_bytes(primitive);
  void *scratchpad = scratchpad_bytes == 0 ? NULL : aligned_alloc(64, (scratchpad_bytes + 63) / 64 * 64);
  const apus_onednn_argument arguments[] = {APUS_ONEDNN_SOURCE, APUS_ONEDNN_DESTINATION,
      APUS_ONEDNN_SCRATCHPAD};
  void *const pointers[] = {(void *)source, destination, scratchpad};
  apus_onednn_call *call = NULL;
  if (scratchpad_bytes != 0 && scratchpad == NULL) {
    status = APUS_ONEDNN_OUT_OF_MEMORY;
  } else {
    status = apus_onednn_call_create(primitive, arguments, scratchpad_bytes == 0 ? 2 : 3, &call);
  }
  if (status == APUS_ONEDNN_SUCCESS) status = apus_onednn_call_run(call, pointers, threads);
  apus_onednn_call_destroy(call);
  free(scratchpad);
  apus_onednn_primitive_destroy(primitive);
  return status;
}
