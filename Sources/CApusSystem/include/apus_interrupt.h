#ifndef APUS_INTERRUPT_H
#define APUS_INTERRUPT_H
#include <stdbool.h>

/// From now on the first Ctrl-C (SIGINT) is only noted; the second ends the process.
void apus_catch_interrupt(void);

/// Whether it was noted.
bool apus_interrupted(void);
#endif
