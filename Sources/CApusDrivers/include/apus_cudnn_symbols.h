// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_cuda_libraries.h and CUDA/cudnn.c.
APUS_SYMBOL(version, "cudnnGetVersion", size_t, (void))
APUS_SYMBOL(runtime_version, "cudnnGetCudartVersion", size_t, (void))
