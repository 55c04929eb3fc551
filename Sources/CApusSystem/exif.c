#include "exif.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint32_t read16(const unsigned char *at, int big) {
  return big ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

static uint32_t read32(const unsigned char *at, int big) {
  return big ? read16(at, 1) << 16 | read16(at + 2, 1) : read16(at + 2, 0) << 16 | read16(at, 0);
}

int apus_exif_orientation(const unsigned char *tiff, size_t count) {
  if (count < 8) return 1;
  int big;
  if (memcmp(tiff, "MM\0*", 4) == 0) {
    big = 1;
  } else if (memcmp(tiff, "II*\0", 4) == 0) {
    big = 0;
  } else {
    return 1;
  }
  size_t directory = read32(tiff + 4, big);
  if (directory > count - 2) return 1;
  size_t entries = read16(tiff + directory, big);
  const size_t entry_size = 12, tag_orientation = 0x0112, type_short = 3;
  for (size_t index = 0; index < entries; index++) {
    size_t at = directory + 2 + index * entry_size;
    if (at + entry_size > count) return 1;
    if (read16(tiff + at, big) != tag_orientation) continue;
    if (read16(tiff + at + 2, big) != type_short) return 1;
    uint32_t value = read16(tiff + at + 8, big);
    return value >= 1 && value <= 8 ? (int)value : 1;
  }
  return 1;
}

int apus_apply_orientation(struct apus_picture *picture, int orientation) {
  if (orientation <= 1 || orientation > 8) return 0;
  size_t width = (size_t)picture->width, height = (size_t)picture->height;
  uint8_t *turned = malloc(width * height * 3);
  if (!turned) return -1;
  int transposed = orientation >= 5;
  size_t new_width = transposed ? height : width, new_height = transposed ? width : height;
  // Bit by orientation: whether the column or row of the stored picture runs backwards.
  int flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  int flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (size_t y = 0; y < new_height; y++) {
    for (size_t x = 0; x < new_width; x++) {
      size_t stored_x = transposed ? y : x, stored_y = transposed ? x : y;
      if (flip_x) stored_x = width - 1 - stored_x;
      if (flip_y) stored_y = height - 1 - stored_y;
      memcpy(turned + (y * new_width + x) * 3, picture->pixels + (stored_y * width + stored_x) * 3, 3);
    }
  }
  free(picture->pixels);
  picture->pixels = turned;
  picture->width = (int)new_width;
  picture->height = (int)new_height;
  return 0;
}
