#include "internal/finish.h"
#include "internal/levels.h"
#include "internal/tiles.h"

#define TILES_NAME f32
#define TILES_A float
#define TILES_BF16 0
#define APUS_KERNEL "tiles.inc.h"
#include "internal/foreach_level.inc.h"
