#ifndef CAPUS_KERNELS_H
#define CAPUS_KERNELS_H
// CPU kernels of Apus: portable C and SIMD variants chosen at run time by CPU features.
// Activations are channels last unless said otherwise. Kernels allocate nothing; a NULL pool means serial.
#include "apus_attention.h"
#include "apus_conv.h"
#include "apus_convert.h"
#include "apus_copy.h"
#include "apus_cpu.h"
#include "apus_depthwise.h"
#include "apus_detection.h"
#include "apus_dtype.h"
#include "apus_epilogue.h"
#include "apus_gemm.h"
#include "apus_grid_sample.h"
#include "apus_indexing.h"
#include "apus_norm.h"
#include "apus_pointwise.h"
#include "apus_order.h"
#include "apus_pool.h"
#include "apus_pooling.h"
#include "apus_quantize.h"
#include "apus_reduce.h"
#include "apus_regions.h"
#include "apus_resize.h"
#include "apus_softmax.h"
#include "apus_squeeze_excite.h"
#include "apus_winograd.h"
#endif
