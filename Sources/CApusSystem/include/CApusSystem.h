#ifndef CAPUS_SYSTEM_H
#define CAPUS_SYSTEM_H
// Thin bindings to the C libraries that are linked statically (xxHash, libjpeg-turbo, libpng, zlib), signals and the heap.
#include "apus_interrupt.h"
#include "apus_jpeg.h"
#include "apus_memory.h"
#include "apus_picture.h"
#include "apus_png.h"
#include "apus_xxhash.h"
#include "apus_zlib.h"
#endif
