#include "CApusSystem.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void note_interrupt(int number) {
  interrupted = 1;
  // The next one ends the process at once.
  signal(number, SIG_DFL);
}

void apus_catch_interrupt(void) { signal(SIGINT, note_interrupt); }

bool apus_interrupted(void) { return interrupted != 0; }
