// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_nvrtc.h and CUDA/nvrtc.c. No include guard.
APUS_SYMBOL(error_string, "nvrtcGetErrorString", const char *_Nullable, (int code))
APUS_SYMBOL(version, "nvrtcVersion", int, (int *_Nonnull major, int *_Nonnull minor))
APUS_SYMBOL(architecture_count, "nvrtcGetNumSupportedArchs", int, (int *_Nonnull count))
APUS_SYMBOL(architectures, "nvrtcGetSupportedArchs", int, (int *_Nonnull architectures))
APUS_SYMBOL(create, "nvrtcCreateProgram", int,
            (apus_nvrtc_program _Nullable *_Nonnull program, const char *_Nonnull source,
             const char *_Nullable name, int header_count, const char *_Nullable const *_Nullable headers,
             const char *_Nullable const *_Nullable header_names))
APUS_SYMBOL(destroy, "nvrtcDestroyProgram", int, (apus_nvrtc_program _Nullable *_Nonnull program))
APUS_SYMBOL(compile, "nvrtcCompileProgram", int,
            (apus_nvrtc_program _Nonnull program, int option_count,
             const char *_Nullable const *_Nullable options))
APUS_SYMBOL(log_size, "nvrtcGetProgramLogSize", int,
            (apus_nvrtc_program _Nonnull program, size_t *_Nonnull bytes))
APUS_SYMBOL(log, "nvrtcGetProgramLog", int, (apus_nvrtc_program _Nonnull program, char *_Nonnull text))
APUS_SYMBOL(cubin_size, "nvrtcGetCUBINSize", int,
            (apus_nvrtc_program _Nonnull program, size_t *_Nonnull bytes))
APUS_SYMBOL(cubin, "nvrtcGetCUBIN", int, (apus_nvrtc_program _Nonnull program, char *_Nonnull image))
APUS_SYMBOL(ptx_size, "nvrtcGetPTXSize", int, (apus_nvrtc_program _Nonnull program, size_t *_Nonnull bytes))
APUS_SYMBOL(ptx, "nvrtcGetPTX", int, (apus_nvrtc_program _Nonnull program, char *_Nonnull text))
