#ifndef APUS_AMX_H
#define APUS_AMX_H
#include "levels.h"

#if APUS_X86
/// Functions that multiply BF16 tiles.
#define AMX static __attribute__((target("amx-tile,amx-bf16,avx512f")))

/// Operand layout of `ldtilecfg`, palette 1: bytes of a row, and rows, of each tile.
typedef struct tile_config {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_config;
#endif
#endif
