#ifndef APUS_EXIF_H
#define APUS_EXIF_H
#include <stddef.h>

#include "apus_picture.h"

/// Orientation 1 to 8 in the first directory of a TIFF block (EXIF 2.3, tag 0x0112); 1 when there is none.
int apus_exif_orientation(const unsigned char *tiff, size_t count);

/// Turns and mirrors the stored pixels into the upright picture. Returns -1 when memory is out.
int apus_apply_orientation(struct apus_picture *picture, int orientation);
#endif
