#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnnl_abi.h"
#include "redirect.h"

/// Fills the table; lists the names that were not found.
static int load_symbols(struct apus_onednn *library, char *missing, size_t size) {
  int absent = 0;
  missing[0] = 0;
#define X(name, result, parameters) \
  *(void **)&library->name = dlsym(library->handle, "dnnl_" #name); \
  if (library->name == NULL) { \
    size_t used = strlen(missing); \
    snprintf(missing + used, size - used, "%sdnnl_%s", absent++ == 0 ? "" : ", ", #name); \
  }
  APUS_DNNL_FUNCTIONS(X)
#undef X
  return absent;
}

/// Returns 0 if the library serves, else writes why not.
static int prepare(struct apus_onednn *library, const char *name, char *error, size_t size) {
  char missing[512];
  int absent = load_symbols(library, missing, sizeof missing);
  const dnnl_version_t *version = library->version == NULL ? NULL : library->version();
  if (version != NULL && version->major != 3) {
    snprintf(error, size, "%s is oneDNN %d.%d.%d; version 3 is needed", name, version->major, version->minor,
             version->patch);
    return -1;
  }
  if (absent > 0 || version == NULL) {
    snprintf(error, size, "%s lacks %d functions of oneDNN 3: %s", name, absent, missing);
    return -1;
  }
  if (version->cpu_runtime == dnnl_runtime_openmp) {
    if (apus_redirect_openmp(library->handle, error, size) < 0) return -1;
    library->threads_replaced = 1;
  } else if (version->cpu_runtime != dnnl_runtime_sequential) {
    snprintf(error, size, "%s is built on a threading run time (%u) other than GNU OpenMP", name,
             version->cpu_runtime);
    return -1;
  }
  dnnl_status_t status = library->engine_create(&library->engine, dnnl_cpu, 0);
  if (status != 0) {
    snprintf(error, size, "%s has no CPU engine: %s", name, apus_onednn_status_name(status));
    return -1;
  }
  return 0;
}

apus_onednn *apus_onednn_open(const char *path, char *error, size_t error_size) {
  char scratch[1];
  if (error == NULL || error_size == 0) {
    error = scratch;
    error_size = sizeof scratch;
  }
  error[0] = 0;
  const char *name = path == NULL ? "libdnnl.so.3" : path;
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    const char *reason = dlerror();
    bool needs_openmp = reason != NULL && strncmp(reason, "libgomp.so.1:", 13) == 0;
    snprintf(error, error_size, "%s%s", reason == NULL ? "oneDNN could not be opened" : reason,
             needs_openmp ? " (oneDNN needs it to load; Debian and Ubuntu have it in libgomp1)" : "");
    return NULL;
  }
  struct apus_onednn *library = calloc(1, sizeof *library);
  if (library == NULL) {
    snprintf(error, error_size, "out of memory");
    dlclose(handle);
    return NULL;
  }
  library->handle = handle;
  if (prepare(library, name, error, error_size) != 0) {
    free(library);
    dlclose(handle);
    return NULL;
  }
  return library;
}

// The handle is kept: oneDNN's per-thread caches run code of the library when threads end.
void apus_onednn_close(apus_onednn *library) {
  if (library == NULL) return;
  library->engine_destroy(library->engine);
  free(library);
}

apus_onednn_version apus_onednn_get_version(const apus_onednn *library) {
  const dnnl_version_t *version = library->version();
  return (apus_onednn_version){version->major, version->minor, version->patch, library->threads_replaced};
}

const char *apus_onednn_status_name(apus_onednn_status status) {
  switch (status) {
  case APUS_ONEDNN_SUCCESS: return "success";
  case APUS_ONEDNN_OUT_OF_MEMORY: return "out of memory";
  case APUS_ONEDNN_INVALID_ARGUMENTS: return "invalid arguments";
  case APUS_ONEDNN_UNIMPLEMENTED: return "unimplemented";
  case APUS_ONEDNN_LAST_IMPLEMENTATION: return "no further implementation";
  case APUS_ONEDNN_RUNTIME_ERROR: return "run-time error";
  case APUS_ONEDNN_TOO_FEW_THREADS: return "too few threads";
  default: return "unknown status";
  }
}
