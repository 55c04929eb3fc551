#ifndef APUS_LIBRARY_H
#define APUS_LIBRARY_H
#include <stddef.h>

/// Why a shared library could not be used.
typedef enum apus_library_status {
  APUS_LIBRARY_OK = 0,
  /// No candidate could be opened.
  APUS_LIBRARY_NOT_FOUND = 1,
  /// A candidate was opened, but it lacks entry points that are needed (an older release, or another library).
  APUS_LIBRARY_TOO_OLD = 2,
} apus_library_status;

/// What was found when a library was looked for.
typedef struct apus_library_report {
  apus_library_status status;
  /// The file that was opened, as the loader names it; empty when none was.
  char path[1024];
  /// The loader's last message, or the missing entry points separated by blanks.
  char message[1024];
} apus_library_report;
#endif
