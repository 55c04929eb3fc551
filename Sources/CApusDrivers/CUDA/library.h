#ifndef APUS_CUDA_LIBRARY_H
#define APUS_CUDA_LIBRARY_H
#include <stddef.h>
#include "apus_library.h"

typedef struct apus_symbol {
  const char *name;
  size_t offset;
} apus_symbol;

/// A library to look for: its file names in order of preference, and where its entry points go in a table.
typedef struct apus_library {
  const char *const *names;
  size_t name_count;
  /// Files of the same folder whose name starts so are opened first; NULL where there are none.
  const char *companion_prefix;
  const apus_symbol *symbols;
  size_t symbol_count;
} apus_library;

/// Opens `library` and fills `table`; returns 1 on success.
int apus_library_open(const apus_library *library, const char *const *directories, size_t count, void *table,
                      apus_library_report *report);
#endif
