#include "apus_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exif.h"

struct reader {
  png_structp library;
  png_infop info;
  jmp_buf escape;
  char *message;
  const unsigned char *bytes;
  size_t count, offset;
  struct apus_picture picture;
  png_bytep *rows;
};

struct writer {
  png_structp library;
  png_infop info;
  jmp_buf escape;
  char *message;
  unsigned char *bytes;
  size_t count, capacity;
};

static void set_message(char *message, const char *text) {
  snprintf(message, APUS_MESSAGE_SIZE, "%s", text);
}

static void on_read_error(png_structp library, png_const_charp text) {
  struct reader *reader = png_get_error_ptr(library);
  set_message(reader->message, text);
  longjmp(reader->escape, 1);
}

static void on_write_error(png_structp library, png_const_charp text) {
  struct writer *writer = png_get_error_ptr(library);
  set_message(writer->message, text);
  longjmp(writer->escape, 1);
}

static void on_warning(png_structp library, png_const_charp text) {
  (void)library;
  (void)text;
}

static void read_bytes(png_structp library, png_bytep target, size_t count) {
  struct reader *reader = png_get_io_ptr(library);
  if (count > reader->count - reader->offset) png_error(library, "the file is truncated");
  memcpy(target, reader->bytes + reader->offset, count);
  reader->offset += count;
}

static void write_bytes(png_structp library, png_bytep source, size_t count) {
  struct writer *writer = png_get_io_ptr(library);
  if (count > writer->capacity - writer->count) {
    size_t capacity = (writer->capacity + count) * 2;
    unsigned char *grown = realloc(writer->bytes, capacity);
    if (!grown) png_error(library, "out of memory");
    writer->bytes = grown;
    writer->capacity = capacity;
  }
  memcpy(writer->bytes + writer->count, source, count);
  writer->count += count;
}

static void flush(png_structp library) { (void)library; }

/// Asks libpng for RGB, eight bits, whatever the file holds.
static void normalise(png_structp library, png_infop info) {
  png_byte colour = png_get_color_type(library, info);
  png_byte depth = png_get_bit_depth(library, info);
  if (depth == 16) png_set_strip_16(library);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(library);
  if (!(colour & PNG_COLOR_MASK_COLOR)) {
    if (depth < 8) png_set_expand_gray_1_2_4_to_8(library);
    png_set_gray_to_rgb(library);
  }
  png_set_strip_alpha(library);
  png_set_interlace_handling(library);
  png_read_update_info(library, info);
}

static void read_pixels(struct reader *reader) {
  size_t width = (size_t)reader->picture.width, height = (size_t)reader->picture.height;
  if (png_get_rowbytes(reader->library, reader->info) != width * 3) {
    png_error(reader->library, "unexpected pixel format");
  }
  reader->picture.pixels = malloc(width * height * 3);
  reader->rows = malloc(height * sizeof *reader->rows);
  if (!reader->picture.pixels || !reader->rows) png_error(reader->library, "out of memory");
  for (size_t y = 0; y < height; y++) reader->rows[y] = reader->picture.pixels + y * width * 3;
  png_read_image(reader->library, reader->rows);
}

static void decode(struct reader *reader) {
  png_set_read_fn(reader->library, reader, read_bytes);
  png_read_info(reader->library, reader->info);
  png_uint_32 width = png_get_image_width(reader->library, reader->info);
  png_uint_32 height = png_get_image_height(reader->library, reader->info);
  if ((int64_t)width * height > APUS_PICTURE_MAX_PIXELS) {
    png_error(reader->library, "the picture is too large");
  }
  reader->picture.width = (int)width;
  reader->picture.height = (int)height;
  normalise(reader->library, reader->info);
  read_pixels(reader);
  png_read_end(reader->library, reader->info);
  png_uint_32 exif_count = 0;
  png_bytep exif = NULL;
  if (png_get_eXIf_1(reader->library, reader->info, &exif_count, &exif) && exif) {
    int orientation = apus_exif_orientation(exif, exif_count);
    if (apus_apply_orientation(&reader->picture, orientation)) png_error(reader->library, "out of memory");
  }
}

int apus_png_decode(const void *bytes, size_t count, struct apus_picture *picture, char *message) {
  struct reader *reader = calloc(1, sizeof *reader);
  if (!reader) {
    set_message(message, "out of memory");
    return -1;
  }
  reader->bytes = bytes;
  reader->count = count;
  reader->message = message;
  set_message(message, "out of memory");
  int result = -1;
  if (setjmp(reader->escape) == 0) {
    reader->library = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_read_error, on_warning);
    if (reader->library) reader->info = png_create_info_struct(reader->library);
    if (reader->info) {
      decode(reader);
      *picture = reader->picture;
      reader->picture.pixels = NULL;
      result = 0;
    }
  } else {
    result = -1;
  }
  if (reader->library) png_destroy_read_struct(&reader->library, &reader->info, NULL);
  free(reader->rows);
  free(reader->picture.pixels);
  free(reader);
  return result;
}

static void encode(struct writer *writer, const struct apus_picture *picture) {
  png_structp library = writer->library;
  png_set_write_fn(library, writer, write_bytes, flush);
  png_set_IHDR(
      library, writer->info, (png_uint_32)picture->width, (png_uint_32)picture->height, 8, PNG_COLOR_TYPE_RGB,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(library, writer->info);
  for (int y = 0; y < picture->height; y++) {
    png_write_row(library, picture->pixels + (size_t)y * (size_t)picture->width * 3);
  }
  png_write_end(library, writer->info);
}

int apus_png_encode(const struct apus_picture *picture, unsigned char **bytes, size_t *count, char *message) {
  struct writer *writer = calloc(1, sizeof *writer);
  if (!writer) {
    set_message(message, "out of memory");
    return -1;
  }
  writer->message = message;
  set_message(message, "out of memory");
  int result = -1;
  if (setjmp(writer->escape) == 0) {
    writer->library = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, on_write_error, on_warning);
    if (writer->library) writer->info = png_create_info_struct(writer->library);
    if (writer->info) {
      encode(writer, picture);
      *bytes = writer->bytes;
      *count = writer->count;
      writer->bytes = NULL;
      result = 0;
    }
  } else {
    result = -1;
  }
  if (writer->library) png_destroy_write_struct(&writer->library, &writer->info);
  free(writer->bytes);
  free(writer);
  return result;
}
