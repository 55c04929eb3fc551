#include "internal/gate.h"

#define APUS_KERNEL "gate.inc.h"
#include "internal/foreach_level.inc.h"
