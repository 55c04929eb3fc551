#include "internal/attention.h"

#define APUS_KERNEL "attention_softmax.inc.h"
#include "internal/foreach_level.inc.h"
