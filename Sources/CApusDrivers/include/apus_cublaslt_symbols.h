// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_cuda_libraries.h and CUDA/cublaslt.c.
APUS_SYMBOL(version, "cublasLtGetVersion", size_t, (void))
APUS_SYMBOL(runtime_version, "cublasLtGetCudartVersion", size_t, (void))
