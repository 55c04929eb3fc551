// APUS_SYMBOL(field, exported symbol, result, parameters): read by apus_cublaslt.h and CUDA/cublaslt.c.
APUS_SYMBOL(version, "cublasLtGetVersion", size_t, (void))
APUS_SYMBOL(runtime_version, "cublasLtGetCudartVersion", size_t, (void))
APUS_SYMBOL(status_name, "cublasLtGetStatusName", const char *_Nullable, (apus_cublas_status status))
APUS_SYMBOL(create, "cublasLtCreate", apus_cublas_status, (apus_cublaslt_handle _Nullable *_Nonnull handle))
APUS_SYMBOL(destroy, "cublasLtDestroy", apus_cublas_status, (apus_cublaslt_handle _Nonnull handle))
APUS_SYMBOL(matmul_create, "cublasLtMatmulDescCreate", apus_cublas_status,
            (apus_cublaslt_matmul _Nullable *_Nonnull matmul, int compute_type, int scale_type))
APUS_SYMBOL(matmul_destroy, "cublasLtMatmulDescDestroy", apus_cublas_status, (apus_cublaslt_matmul _Nonnull matmul))
APUS_SYMBOL(matmul_set, "cublasLtMatmulDescSetAttribute", apus_cublas_status,
            (apus_cublaslt_matmul _Nonnull matmul, int attribute, const void *_Nonnull value, size_t byte_count))
APUS_SYMBOL(layout_create, "cublasLtMatrixLayoutCreate", apus_cublas_status,
            (apus_cublaslt_layout _Nullable *_Nonnull layout, int type, uint64_t rows, uint64_t columns,
             int64_t leading))
APUS_SYMBOL(layout_destroy, "cublasLtMatrixLayoutDestroy", apus_cublas_status, (apus_cublaslt_layout _Nonnull layout))
APUS_SYMBOL(layout_set, "cublasLtMatrixLayoutSetAttribute", apus_cublas_status,
            (apus_cublaslt_layout _Nonnull layout, int attribute, const void *_Nonnull value, size_t byte_count))
APUS_SYMBOL(preference_create, "cublasLtMatmulPreferenceCreate", apus_cublas_status,
            (apus_cublaslt_preference _Nullable *_Nonnull preference))
APUS_SYMBOL(preference_destroy, "cublasLtMatmulPreferenceDestroy", apus_cublas_status,
            (apus_cublaslt_preference _Nonnull preference))
APUS_SYMBOL(preference_set, "cublasLtMatmulPreferenceSetAttribute", apus_cublas_status,
            (apus_cublaslt_preference _Nonnull preference, int attribute, const void *_Nonnull value,
             size_t byte_count))
APUS_SYMBOL(heuristic, "cublasLtMatmulAlgoGetHeuristic", apus_cublas_status,
            (apus_cublaslt_handle _Nonnull handle, apus_cublaslt_matmul _Nonnull matmul, apus_cublaslt_layout _Nonnull a,
             apus_cublaslt_layout _Nonnull b, apus_cublaslt_layout _Nonnull c, apus_cublaslt_layout _Nonnull d,
             apus_cublaslt_preference _Nonnull preference, int wanted, apus_cublaslt_result *_Nonnull results,
             int *_Nonnull found))
APUS_SYMBOL(check, "cublasLtMatmulAlgoCheck", apus_cublas_status,
            (apus_cublaslt_handle _Nonnull handle, apus_cublaslt_matmul _Nonnull matmul, apus_cublaslt_layout _Nonnull a,
             apus_cublaslt_layout _Nonnull b, apus_cublaslt_layout _Nonnull c, apus_cublaslt_layout _Nonnull d,
             const apus_cublaslt_algorithm *_Nonnull algorithm, apus_cublaslt_result *_Nonnull result))
APUS_SYMBOL(multiply, "cublasLtMatmul", apus_cublas_status,
            (apus_cublaslt_handle _Nonnull handle, apus_cublaslt_matmul _Nonnull matmul, const void *_Nonnull alpha,
             const void *_Nullable a, apus_cublaslt_layout _Nonnull a_layout, const void *_Nullable b,
             apus_cublaslt_layout _Nonnull b_layout, const void *_Nonnull beta, const void *_Nullable c,
             apus_cublaslt_layout _Nonnull c_layout, void *_Nullable d, apus_cublaslt_layout _Nonnull d_layout,
             const apus_cublaslt_algorithm *_Nonnull algorithm, void *_Nullable workspace, size_t workspace_bytes,
             apus_cuda_stream _Nullable stream))
