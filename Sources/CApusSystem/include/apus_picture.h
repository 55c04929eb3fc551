#ifndef APUS_PICTURE_H
#define APUS_PICTURE_H
#include <stdint.h>

/// RGB, eight bits a channel, rows from the top without padding. `pixels` comes from malloc: release it with free.
struct apus_picture {
  int width, height;
  uint8_t *pixels;
};

/// Pixels that a decoder accepts, against headers that ask for all memory.
#define APUS_PICTURE_MAX_PIXELS ((int64_t)1 << 28)

/// Room that callers give for a message.
#define APUS_MESSAGE_SIZE 256
#endif
