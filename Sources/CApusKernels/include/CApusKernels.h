#ifndef CAPUS_KERNELS_H
#define CAPUS_KERNELS_H
// CPU micro-kernels: portable C and SIMD variants chosen at run time by CPU features.
#endif
