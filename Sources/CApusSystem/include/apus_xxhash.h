#ifndef APUS_XXHASH_H
#define APUS_XXHASH_H
#include <stddef.h>
#include <stdint.h>

struct apus_hash128 {
  uint64_t low, high;
};

uint64_t apus_xxh3_64(const void *bytes, size_t count);
struct apus_hash128 apus_xxh3_128(const void *bytes, size_t count);

/// State of a hash over bytes that arrive in pieces; both digests may be read at any time.
struct apus_xxh3;

/// NULL when memory is out.
struct apus_xxh3 *apus_xxh3_create(void);
void apus_xxh3_update(struct apus_xxh3 *state, const void *bytes, size_t count);
uint64_t apus_xxh3_digest64(const struct apus_xxh3 *state);
struct apus_hash128 apus_xxh3_digest128(const struct apus_xxh3 *state);
void apus_xxh3_free(struct apus_xxh3 *state);
#endif
