#ifndef CAPUS_SYSTEM_H
#define CAPUS_SYSTEM_H
// Thin bindings to the C libraries that are linked statically: xxHash, libjpeg-turbo, libpng, zlib.
#endif
