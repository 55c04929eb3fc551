#include "CApusKernels.h"
