#include "CApusSystem.h"
