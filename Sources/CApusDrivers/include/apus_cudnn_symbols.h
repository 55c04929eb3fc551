// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_cudnn.h and CUDA/cudnn.c.
APUS_SYMBOL(version, "cudnnGetVersion", size_t, (void))
APUS_SYMBOL(runtime_version, "cudnnGetCudartVersion", size_t, (void))
APUS_SYMBOL(error_string, "cudnnGetErrorString", const char *_Nullable, (apus_cudnn_status status))
APUS_SYMBOL(create, "cudnnCreate", apus_cudnn_status, (apus_cudnn_handle _Nullable *_Nonnull handle))
APUS_SYMBOL(destroy, "cudnnDestroy", apus_cudnn_status, (apus_cudnn_handle _Nonnull handle))
APUS_SYMBOL(set_stream, "cudnnSetStream", apus_cudnn_status,
            (apus_cudnn_handle _Nonnull handle, apus_cuda_stream _Nullable stream))
APUS_SYMBOL(descriptor_create, "cudnnBackendCreateDescriptor", apus_cudnn_status,
            (int type, apus_cudnn_descriptor _Nullable *_Nonnull descriptor))
APUS_SYMBOL(descriptor_destroy, "cudnnBackendDestroyDescriptor", apus_cudnn_status,
            (apus_cudnn_descriptor _Nonnull descriptor))
APUS_SYMBOL(descriptor_set, "cudnnBackendSetAttribute", apus_cudnn_status,
            (apus_cudnn_descriptor _Nonnull descriptor, int attribute, int type, int64_t count,
             const void *_Nullable values))
APUS_SYMBOL(descriptor_get, "cudnnBackendGetAttribute", apus_cudnn_status,
            (apus_cudnn_descriptor _Nonnull descriptor, int attribute, int type, int64_t wanted,
             int64_t *_Nonnull found, void *_Nullable values))
APUS_SYMBOL(descriptor_finish, "cudnnBackendFinalize", apus_cudnn_status, (apus_cudnn_descriptor _Nonnull descriptor))
APUS_SYMBOL(execute, "cudnnBackendExecute", apus_cudnn_status,
            (apus_cudnn_handle _Nonnull handle, apus_cudnn_descriptor _Nonnull plan,
             apus_cudnn_descriptor _Nonnull pack))
