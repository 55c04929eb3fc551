#include "internal/finish.h"
#include "internal/levels.h"
#include "internal/tiles.h"

#define TILES_NAME bf16
#define TILES_A uint16_t
#define TILES_BF16 1
#define APUS_KERNEL_BF16 1
#define APUS_KERNEL "tiles.inc.h"
#include "internal/foreach_level.inc.h"
