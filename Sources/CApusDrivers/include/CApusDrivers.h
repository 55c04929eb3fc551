#ifndef CAPUS_DRIVERS_H
#define CAPUS_DRIVERS_H
// Symbol tables of libraries that are opened at run time: CUDA driver, NVRTC, cuBLASLt, cuDNN, oneDNN.
#include "apus_cuda.h"
#include "apus_cublaslt.h"
#include "apus_cudnn.h"
#include "apus_library.h"
#include "apus_nvrtc.h"
#include "apus_onednn.h"
#endif
