// Angle brackets: the C library's header, not ours.
#include <limits.h>
#include <zlib.h>

#include "apus_zlib.h"

/// zlib counts in 32 bits; longer buffers go in pieces.
static uInt piece(size_t left) { return left > INT_MAX ? INT_MAX : (uInt)left; }

int apus_inflate_raw(const void *source, size_t source_count, void *destination, size_t destination_count) {
  z_stream stream = {0};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return -1;
  unsigned char nothing;
  stream.next_in = (Bytef *)source;
  // inflate refuses a null target, which an empty result may have.
  stream.next_out = destination_count ? destination : &nothing;
  size_t in_left = source_count, out_left = destination_count;
  int status = Z_OK;
  while (status == Z_OK) {
    uInt in_piece = piece(in_left), out_piece = piece(out_left);
    stream.avail_in = in_piece;
    stream.avail_out = out_piece;
    status = inflate(&stream, Z_NO_FLUSH);
    in_left -= in_piece - stream.avail_in;
    out_left -= out_piece - stream.avail_out;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && out_left == 0 ? 0 : -1;
}

size_t apus_deflate_bound(size_t source_count) { return deflateBound(NULL, source_count); }

size_t apus_deflate_raw(
    const void *source, size_t source_count, void *destination, size_t destination_count, int level) {
  z_stream stream = {0};
  const int default_memory = 8;
  if (deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, default_memory, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)source;
  stream.next_out = destination;
  size_t in_left = source_count, out_left = destination_count;
  int status = Z_OK;
  while (status == Z_OK) {
    uInt in_piece = piece(in_left), out_piece = piece(out_left);
    stream.avail_in = in_piece;
    stream.avail_out = out_piece;
    status = deflate(&stream, in_piece == in_left ? Z_FINISH : Z_NO_FLUSH);
    in_left -= in_piece - stream.avail_in;
    out_left -= out_piece - stream.avail_out;
  }
  deflateEnd(&stream);
  return status == Z_STREAM_END ? destination_count - out_left : 0;
}

uint32_t apus_crc32(uint32_t crc, const void *bytes, size_t count) {
  if (count == 0) return crc;
  return (uint32_t)crc32_z(crc, bytes, count);
}
