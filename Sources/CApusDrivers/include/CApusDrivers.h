#ifndef CAPUS_DRIVERS_H
#define CAPUS_DRIVERS_H
// Symbol tables of libraries that are opened at run time: CUDA driver, NVRTC, cuBLASLt, cuDNN, oneDNN.
#endif
