#ifndef APUS_REDIRECT_H
#define APUS_REDIRECT_H

#include <stddef.h>

/// Points a loaded library's imports from the GNU OpenMP run time to our own functions. Only that library is
/// changed. Returns how many imports were redirected; -1 with a reason if one of them has no stand-in, or the
/// library was built on another OpenMP run time.
int apus_redirect_openmp(void *handle, char *error, size_t error_size);

#endif
