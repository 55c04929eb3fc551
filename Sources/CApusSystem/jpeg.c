#include "apus_jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// These two need stdio.h before them.
#include <jerror.h>
#include <jpeglib.h>

#include "exif.h"

/// libjpeg's error manager with a way back to us; the base must come first.
struct error_manager {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
};

struct decoder {
  struct jpeg_decompress_struct library;
  struct error_manager errors;
  struct jpeg_progress_mgr progress;
  struct apus_picture picture;
};

struct encoder {
  struct jpeg_compress_struct library;
  struct error_manager errors;
  unsigned char *bytes;
  unsigned long count;
};

static void fail(struct error_manager *errors, const char *message) {
  snprintf(errors->message, APUS_MESSAGE_SIZE, "%s", message);
  longjmp(errors->escape, 1);
}

static void on_error(j_common_ptr library) {
  struct error_manager *errors = (struct error_manager *)library->err;
  char text[JMSG_LENGTH_MAX];
  library->err->format_message(library, text);
  fail(errors, text);
}

/// Warnings mean repaired data. Missing data is an error: half a picture must not reach a model unnoticed.
static void on_message(j_common_ptr library, int level) {
  if (level >= 0) return;
  library->err->num_warnings++;
  int code = library->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) on_error(library);
}

static void no_output(j_common_ptr library) { (void)library; }

/// A small progressive file can ask for endless scans over a large picture.
static void on_progress(j_common_ptr library) {
  const int most_scans = 500;
  if (library->is_decompressor && ((j_decompress_ptr)library)->input_scan_number > most_scans) {
    fail((struct error_manager *)library->err, "more than 500 scans");
  }
}

static struct jpeg_error_mgr *set_up(struct error_manager *errors, char *message) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = on_error;
  errors->base.emit_message = on_message;
  errors->base.output_message = no_output;
  errors->message = message;
  message[0] = 0;
  return &errors->base;
}

static int orientation(j_decompress_ptr library) {
  for (jpeg_saved_marker_ptr marker = library->marker_list; marker; marker = marker->next) {
    if (marker->marker == JPEG_APP0 + 1 && marker->data_length > 6 && memcmp(marker->data, "Exif\0\0", 6) == 0) {
      return apus_exif_orientation(marker->data + 6, marker->data_length - 6);
    }
  }
  return 1;
}

/// Adobe's writers store the complement of each ink.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t width, int complemented) {
  for (size_t x = 0; x < width; x++) {
    int paper[4];
    for (int ink = 0; ink < 4; ink++) paper[ink] = complemented ? cmyk[x * 4 + ink] : 255 - cmyk[x * 4 + ink];
    for (int c = 0; c < 3; c++) rgb[x * 3 + c] = (uint8_t)(paper[3] - ((255 - paper[c]) * paper[3] >> 8));
  }
}

static void read_rows(struct decoder *decoder) {
  j_decompress_ptr library = &decoder->library;
  size_t width = library->output_width;
  int is_cmyk = library->output_components == 4;
  JSAMPARRAY inks = NULL;
  if (is_cmyk) {
    inks = library->mem->alloc_sarray((j_common_ptr)library, JPOOL_IMAGE, (JDIMENSION)(width * 4), 1);
  }
  while (library->output_scanline < library->output_height) {
    uint8_t *row = decoder->picture.pixels + (size_t)library->output_scanline * width * 3;
    JSAMPROW target = row;
    jpeg_read_scanlines(library, is_cmyk ? inks : &target, 1);
    if (is_cmyk) cmyk_to_rgb(inks[0], row, width, library->saw_Adobe_marker);
  }
}

static void decode(struct decoder *decoder, const void *bytes, size_t count) {
  j_decompress_ptr library = &decoder->library;
  jpeg_create_decompress(library);
  decoder->progress.progress_monitor = on_progress;
  library->progress = &decoder->progress;
  jpeg_mem_src(library, bytes, (unsigned long)count);
  jpeg_save_markers(library, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(library, TRUE);
  if ((int64_t)library->image_width * library->image_height > APUS_PICTURE_MAX_PIXELS) {
    fail(&decoder->errors, "the picture is too large");
  }
  library->out_color_space = library->num_components == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(library);
  decoder->picture.width = (int)library->output_width;
  decoder->picture.height = (int)library->output_height;
  decoder->picture.pixels = malloc((size_t)library->output_width * library->output_height * 3);
  if (!decoder->picture.pixels) fail(&decoder->errors, "out of memory");
  read_rows(decoder);
  if (apus_apply_orientation(&decoder->picture, orientation(library))) {
    fail(&decoder->errors, "out of memory");
  }
  jpeg_finish_decompress(library);
}

int apus_jpeg_decode(const void *bytes, size_t count, struct apus_picture *picture, char *message) {
  struct decoder *decoder = calloc(1, sizeof *decoder);
  if (!decoder) {
    snprintf(message, APUS_MESSAGE_SIZE, "out of memory");
    return -1;
  }
  decoder->library.err = set_up(&decoder->errors, message);
  int result = 0;
  if (setjmp(decoder->errors.escape) == 0) {
    decode(decoder, bytes, count);
    *picture = decoder->picture;
  } else {
    free(decoder->picture.pixels);
    result = -1;
  }
  jpeg_destroy_decompress(&decoder->library);
  free(decoder);
  return result;
}

static void encode(struct encoder *encoder, const struct apus_picture *picture, int quality) {
  j_compress_ptr library = &encoder->library;
  jpeg_create_compress(library);
  jpeg_mem_dest(library, &encoder->bytes, &encoder->count);
  library->image_width = (JDIMENSION)picture->width;
  library->image_height = (JDIMENSION)picture->height;
  library->input_components = 3;
  library->in_color_space = JCS_RGB;
  jpeg_set_defaults(library);
  jpeg_set_quality(library, quality, TRUE);
  jpeg_start_compress(library, TRUE);
  while (library->next_scanline < library->image_height) {
    JSAMPROW row = picture->pixels + (size_t)library->next_scanline * (size_t)picture->width * 3;
    jpeg_write_scanlines(library, &row, 1);
  }
  jpeg_finish_compress(library);
}

int apus_jpeg_encode(
    const struct apus_picture *picture, int quality, unsigned char **bytes, size_t *count, char *message) {
  struct encoder *encoder = calloc(1, sizeof *encoder);
  if (!encoder) {
    snprintf(message, APUS_MESSAGE_SIZE, "out of memory");
    return -1;
  }
  encoder->library.err = set_up(&encoder->errors, message);
  int result = 0;
  if (setjmp(encoder->errors.escape) == 0) {
    encode(encoder, picture, quality);
    *bytes = encoder->bytes;
    *count = encoder->count;
  } else {
    result = -1;  // the library may have freed encoder->bytes when it grew, so it is lost with the failure
  }
  jpeg_destroy_compress(&encoder->library);
  free(encoder);
  return result;
}
