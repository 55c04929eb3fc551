#ifndef APUS_JPEG_H
#define APUS_JPEG_H
#include <stddef.h>

#include "apus_picture.h"

/// Decodes a JPEG stream of any colour space to RGB and applies its EXIF orientation.
///
/// Pixels equal those of libjpeg-turbo with default settings. A truncated stream is an error.
/// Returns 0, or -1 with the reason in `message` (`APUS_MESSAGE_SIZE` bytes) and no picture.
int apus_jpeg_decode(const void *bytes, size_t count, struct apus_picture *picture, char *message);

/// Encodes at `quality` 1 to 100. On success `*bytes` (malloc) holds `*count` bytes and 0 is returned.
int apus_jpeg_encode(
    const struct apus_picture *picture, int quality, unsigned char **bytes, size_t *count, char *message);
#endif
