#ifndef APUS_PNG_H
#define APUS_PNG_H
#include <stddef.h>

#include "apus_picture.h"

/// Decodes a PNG of any kind to RGB: 16 bits keep the upper 8, alpha is dropped, eXIf orientation is applied.
///
/// Returns 0, or -1 with the reason in `message` (`APUS_MESSAGE_SIZE` bytes) and no picture.
int apus_png_decode(const void *bytes, size_t count, struct apus_picture *picture, char *message);

/// Encodes as 8-bit RGB. On success `*bytes` (malloc) holds `*count` bytes and 0 is returned.
int apus_png_encode(const struct apus_picture *picture, unsigned char **bytes, size_t *count, char *message);
#endif
