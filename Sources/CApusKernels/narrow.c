#include "internal/narrow.h"

#define APUS_KERNEL "narrow.inc.h"
#include "internal/foreach_level.inc.h"
