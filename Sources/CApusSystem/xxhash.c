#include <stdlib.h>
#include <xxhash.h>

#include "apus_xxhash.h"

// The 64- and 128-bit hashes differ in the digest only: they share reset and update.
struct apus_xxh3 {
  XXH3_state_t *library;
};

uint64_t apus_xxh3_64(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }

static struct apus_hash128 of_library(XXH128_hash_t hash) {
  return (struct apus_hash128){hash.low64, hash.high64};
}

struct apus_hash128 apus_xxh3_128(const void *bytes, size_t count) {
  return of_library(XXH3_128bits(bytes, count));
}

struct apus_xxh3 *apus_xxh3_create(void) {
  struct apus_xxh3 *state = malloc(sizeof *state);
  if (!state) return NULL;
  state->library = XXH3_createState();
  if (!state->library) {
    free(state);
    return NULL;
  }
  XXH3_128bits_reset(state->library);
  return state;
}

void apus_xxh3_update(struct apus_xxh3 *state, const void *bytes, size_t count) {
  if (count) XXH3_128bits_update(state->library, bytes, count);
}

uint64_t apus_xxh3_digest64(const struct apus_xxh3 *state) { return XXH3_64bits_digest(state->library); }

struct apus_hash128 apus_xxh3_digest128(const struct apus_xxh3 *state) {
  return of_library(XXH3_128bits_digest(state->library));
}

void apus_xxh3_free(struct apus_xxh3 *state) {
  if (!state) return;
  XXH3_freeState(state->library);
  free(state);
}
