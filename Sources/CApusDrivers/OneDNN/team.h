#ifndef APUS_TEAM_H
#define APUS_TEAM_H
// OpenMP's parallel regions on the caller's threads.

#include "apus_onednn.h"

enum { APUS_TEAM_UNKNOWN = -1 };

/// Runs `work` once on some thread of `threads`; OpenMP regions that it enters run on all of them. `limit` is
/// what omp_get_max_threads answers meanwhile. `threads` NULL: everything on the calling thread.
/// `regions` is how many regions the same work entered before, or APUS_TEAM_UNKNOWN: threads leave after that
/// many, and none is called where there are none. Returns how many it entered now.
int apus_team_run(
    const apus_threads *threads, int limit, int regions, void (*work)(void *), void *context);

/// What omp_get_max_threads answers on the calling thread outside of apus_team_run; returns the former value.
int apus_team_set_limit(int limit);

/// The stand-in for a function of the GNU OpenMP run time, NULL if there is none.
void *apus_team_entry(const char *name);

#endif
