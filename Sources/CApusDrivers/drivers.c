#include "CApusDrivers.h"
