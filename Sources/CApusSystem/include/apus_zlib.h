#ifndef APUS_ZLIB_H
#define APUS_ZLIB_H
#include <stddef.h>
#include <stdint.h>

/// Inflates a raw deflate stream (no zlib header) that must fill `destination` exactly. Returns 0 or -1.
int apus_inflate_raw(const void *source, size_t source_count, void *destination, size_t destination_count);

/// Most bytes that `apus_deflate_raw` can need for `source_count` bytes.
size_t apus_deflate_bound(size_t source_count);

/// Deflates to a raw stream at `level` 0 to 9. Returns the bytes written, or 0 where they do not fit.
size_t apus_deflate_raw(
    const void *source, size_t source_count, void *destination, size_t destination_count, int level);

/// CRC-32 as zip files keep it; `crc` is that of the bytes before, 0 at the start.
uint32_t apus_crc32(uint32_t crc, const void *bytes, size_t count);
#endif
