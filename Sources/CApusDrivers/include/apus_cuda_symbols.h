// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_cuda.h and CUDA/driver.c. No include guard.
APUS_SYMBOL(init, "cuInit", apus_cuda_result, (unsigned flags))
APUS_SYMBOL(driver_version, "cuDriverGetVersion", apus_cuda_result, (int *_Nonnull version))
APUS_SYMBOL(error_name, "cuGetErrorName", apus_cuda_result,
            (apus_cuda_result code, const char *_Nullable *_Nonnull text))
APUS_SYMBOL(error_string, "cuGetErrorString", apus_cuda_result,
            (apus_cuda_result code, const char *_Nullable *_Nonnull text))

APUS_SYMBOL(device_count, "cuDeviceGetCount", apus_cuda_result, (int *_Nonnull count))
APUS_SYMBOL(device_get, "cuDeviceGet", apus_cuda_result, (apus_cuda_device *_Nonnull device, int ordinal))
APUS_SYMBOL(device_name, "cuDeviceGetName", apus_cuda_result,
            (char *_Nonnull name, int length, apus_cuda_device device))
APUS_SYMBOL(device_attribute, "cuDeviceGetAttribute", apus_cuda_result,
            (int *_Nonnull value, int attribute, apus_cuda_device device))
APUS_SYMBOL(device_memory, "cuDeviceTotalMem_v2", apus_cuda_result,
            (size_t *_Nonnull bytes, apus_cuda_device device))

APUS_SYMBOL(context_retain, "cuDevicePrimaryCtxRetain", apus_cuda_result,
            (apus_cuda_context _Nullable *_Nonnull context, apus_cuda_device device))
APUS_SYMBOL(context_release, "cuDevicePrimaryCtxRelease_v2", apus_cuda_result, (apus_cuda_device device))
APUS_SYMBOL(context_set, "cuCtxSetCurrent", apus_cuda_result, (apus_cuda_context _Nullable context))
APUS_SYMBOL(context_get, "cuCtxGetCurrent", apus_cuda_result, (apus_cuda_context _Nullable *_Nonnull context))
APUS_SYMBOL(context_synchronize, "cuCtxSynchronize", apus_cuda_result, (void))

APUS_SYMBOL(memory_info, "cuMemGetInfo_v2", apus_cuda_result, (size_t *_Nonnull free, size_t *_Nonnull total))
APUS_SYMBOL(allocate, "cuMemAlloc_v2", apus_cuda_result, (apus_cuda_address *_Nonnull address, size_t bytes))
APUS_SYMBOL(release, "cuMemFree_v2", apus_cuda_result, (apus_cuda_address address))
APUS_SYMBOL(allocate_async, "cuMemAllocAsync", apus_cuda_result,
            (apus_cuda_address *_Nonnull address, size_t bytes, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(release_async, "cuMemFreeAsync", apus_cuda_result,
            (apus_cuda_address address, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(allocate_host, "cuMemHostAlloc", apus_cuda_result,
            (void *_Nullable *_Nonnull pointer, size_t bytes, unsigned flags))
APUS_SYMBOL(release_host, "cuMemFreeHost", apus_cuda_result, (void *_Nonnull pointer))
APUS_SYMBOL(copy_to_device, "cuMemcpyHtoD_v2", apus_cuda_result,
            (apus_cuda_address to, const void *_Nonnull from, size_t bytes))
APUS_SYMBOL(copy_to_host, "cuMemcpyDtoH_v2", apus_cuda_result,
            (void *_Nonnull to, apus_cuda_address from, size_t bytes))
APUS_SYMBOL(copy_to_device_async, "cuMemcpyHtoDAsync_v2", apus_cuda_result,
            (apus_cuda_address to, const void *_Nonnull from, size_t bytes, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(copy_to_host_async, "cuMemcpyDtoHAsync_v2", apus_cuda_result,
            (void *_Nonnull to, apus_cuda_address from, size_t bytes, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(copy_on_device_async, "cuMemcpyDtoDAsync_v2", apus_cuda_result,
            (apus_cuda_address to, apus_cuda_address from, size_t bytes, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(fill8_async, "cuMemsetD8Async", apus_cuda_result,
            (apus_cuda_address address, unsigned char value, size_t count, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(fill32_async, "cuMemsetD32Async", apus_cuda_result,
            (apus_cuda_address address, unsigned value, size_t count, apus_cuda_stream _Nullable stream))

APUS_SYMBOL(stream_create, "cuStreamCreateWithPriority", apus_cuda_result,
            (apus_cuda_stream _Nullable *_Nonnull stream, unsigned flags, int priority))
APUS_SYMBOL(stream_destroy, "cuStreamDestroy_v2", apus_cuda_result, (apus_cuda_stream _Nonnull stream))
APUS_SYMBOL(stream_synchronize, "cuStreamSynchronize", apus_cuda_result, (apus_cuda_stream _Nullable stream))
APUS_SYMBOL(stream_query, "cuStreamQuery", apus_cuda_result, (apus_cuda_stream _Nullable stream))
APUS_SYMBOL(stream_wait, "cuStreamWaitEvent", apus_cuda_result,
            (apus_cuda_stream _Nullable stream, apus_cuda_event _Nonnull event, unsigned flags))
APUS_SYMBOL(stream_host_function, "cuLaunchHostFunc", apus_cuda_result,
            (apus_cuda_stream _Nullable stream, void (*_Nonnull body)(void *_Nullable), void *_Nullable context))

APUS_SYMBOL(event_create, "cuEventCreate", apus_cuda_result,
            (apus_cuda_event _Nullable *_Nonnull event, unsigned flags))
APUS_SYMBOL(event_destroy, "cuEventDestroy_v2", apus_cuda_result, (apus_cuda_event _Nonnull event))
APUS_SYMBOL(event_record, "cuEventRecord", apus_cuda_result,
            (apus_cuda_event _Nonnull event, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(event_synchronize, "cuEventSynchronize", apus_cuda_result, (apus_cuda_event _Nonnull event))
APUS_SYMBOL(event_elapsed, "cuEventElapsedTime", apus_cuda_result,
            (float *_Nonnull milliseconds, apus_cuda_event _Nonnull start, apus_cuda_event _Nonnull end))

APUS_SYMBOL(module_load, "cuModuleLoadData", apus_cuda_result,
            (apus_cuda_module _Nullable *_Nonnull module, const void *_Nonnull image))
APUS_SYMBOL(module_load_ex, "cuModuleLoadDataEx", apus_cuda_result,
            (apus_cuda_module _Nullable *_Nonnull module, const void *_Nonnull image, unsigned count,
             int *_Nullable options, void *_Nullable *_Nullable values))
APUS_SYMBOL(module_unload, "cuModuleUnload", apus_cuda_result, (apus_cuda_module _Nonnull module))
APUS_SYMBOL(module_function, "cuModuleGetFunction", apus_cuda_result,
            (apus_cuda_function _Nullable *_Nonnull function, apus_cuda_module _Nonnull module,
             const char *_Nonnull name))
APUS_SYMBOL(function_attribute, "cuFuncGetAttribute", apus_cuda_result,
            (int *_Nonnull value, int attribute, apus_cuda_function _Nonnull function))
APUS_SYMBOL(function_set_attribute, "cuFuncSetAttribute", apus_cuda_result,
            (apus_cuda_function _Nonnull function, int attribute, int value))
APUS_SYMBOL(occupancy, "cuOccupancyMaxActiveBlocksPerMultiprocessor", apus_cuda_result,
            (int *_Nonnull blocks, apus_cuda_function _Nonnull function, int threads, size_t shared_bytes))
APUS_SYMBOL(launch, "cuLaunchKernelEx", apus_cuda_result,
            (const apus_cuda_config *_Nonnull config, apus_cuda_function _Nonnull function,
             void *_Nullable *_Nullable arguments, void *_Nullable *_Nullable extra))

APUS_SYMBOL(capture_begin, "cuStreamBeginCapture_v2", apus_cuda_result,
            (apus_cuda_stream _Nonnull stream, int mode))
APUS_SYMBOL(capture_end, "cuStreamEndCapture", apus_cuda_result,
            (apus_cuda_stream _Nonnull stream, apus_cuda_graph _Nullable *_Nonnull graph))
APUS_SYMBOL(graph_nodes, "cuGraphGetNodes", apus_cuda_result,
            (apus_cuda_graph _Nonnull graph, apus_cuda_graph_node _Nullable *_Nullable nodes, size_t *_Nonnull count))
APUS_SYMBOL(graph_destroy, "cuGraphDestroy", apus_cuda_result, (apus_cuda_graph _Nonnull graph))
APUS_SYMBOL(graph_instantiate, "cuGraphInstantiateWithFlags", apus_cuda_result,
            (apus_cuda_graph_exec _Nullable *_Nonnull exec, apus_cuda_graph _Nonnull graph,
             unsigned long long flags))
APUS_SYMBOL(graph_upload, "cuGraphUpload", apus_cuda_result,
            (apus_cuda_graph_exec _Nonnull exec, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(graph_launch, "cuGraphLaunch", apus_cuda_result,
            (apus_cuda_graph_exec _Nonnull exec, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(graph_exec_destroy, "cuGraphExecDestroy", apus_cuda_result, (apus_cuda_graph_exec _Nonnull exec))

APUS_SYMBOL(tensor_map_tiled, "cuTensorMapEncodeTiled", apus_cuda_result,
            (apus_cuda_tensor_map *_Nonnull map, int type, uint32_t rank, void *_Nullable address,
             const uint64_t *_Nonnull dimensions, const uint64_t *_Nonnull strides, const uint32_t *_Nonnull box,
             const uint32_t *_Nonnull element_strides, int interleave, int swizzle, int promotion, int fill))
APUS_SYMBOL(tensor_map_im2col, "cuTensorMapEncodeIm2col", apus_cuda_result,
            (apus_cuda_tensor_map *_Nonnull map, int type, uint32_t rank, void *_Nullable address,
             const uint64_t *_Nonnull dimensions, const uint64_t *_Nonnull strides, const int *_Nonnull lower,
             const int *_Nonnull upper, uint32_t channels, uint32_t pixels,
             const uint32_t *_Nonnull element_strides, int interleave, int swizzle, int promotion, int fill))
