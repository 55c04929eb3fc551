// dladdr and RTLD flags beyond POSIX.
#define _GNU_SOURCE
#include "library.h"
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/// Opens the first file of `directory` whose name starts with `prefix`, for the loader to find later by its name.
static void open_companion(const char *directory, const char *prefix) {
  DIR *folder = opendir(directory);
  if (!folder) return;
  for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || strstr(entry->d_name, ".alt.")) continue;
    char path[1024];
    int length = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    if (length > 0 && (size_t)length < sizeof path) dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  }
  closedir(folder);
}

static void append(apus_library_report *report, const char *text) {
  size_t used = strlen(report->message);
  snprintf(report->message + used, sizeof report->message - used, "%s%s", used ? " " : "", text);
}

static int resolve(const apus_library *library, void *handle, void *table, apus_library_report *report) {
  report->message[0] = 0;
  int complete = 1;
  for (size_t i = 0; i < library->symbol_count; i++) {
    void *address = dlsym(handle, library->symbols[i].name);
    if (!address) {
      append(report, library->symbols[i].name);
      complete = 0;
    }
    memcpy((char *)table + library->symbols[i].offset, &address, sizeof address);
  }
  if (complete && library->symbol_count > 0) {
    Dl_info info;
    if (dladdr(dlsym(handle, library->symbols[0].name), &info) && info.dli_fname)
      snprintf(report->path, sizeof report->path, "%s", info.dli_fname);
  }
  return complete;
}

/// Tries one file; a library that lacks symbols stays recorded in the report, since it says more than "not found".
static int try_file(const apus_library *library, const char *path, void *table, apus_library_report *report) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (!handle) {
    const char *reason = dlerror();
    if (report->status == APUS_LIBRARY_NOT_FOUND)
      snprintf(report->message, sizeof report->message, "%s", reason ? reason : "not found");
    return 0;
  }
  if (resolve(library, handle, table, report)) {
    report->status = APUS_LIBRARY_OK;
    return 1;
  }
  snprintf(report->path, sizeof report->path, "%s", path);
  report->status = APUS_LIBRARY_TOO_OLD;
  dlclose(handle);
  return 0;
}

int apus_library_open(const apus_library *library, const char *const *directories, size_t count, void *table,
                      apus_library_report *report) {
  memset(report, 0, sizeof *report);
  report->status = APUS_LIBRARY_NOT_FOUND;
  for (size_t n = 0; n < library->name_count; n++)
    if (try_file(library, library->names[n], table, report)) return 1;
  for (size_t d = 0; d < count; d++) {
    for (size_t n = 0; n < library->name_count; n++) {
      char path[1024];
      int length = snprintf(path, sizeof path, "%s/%s", directories[d], library->names[n]);
      if (length < 0 || (size_t)length >= sizeof path) continue;
      if (library->companion_prefix) open_companion(directories[d], library->companion_prefix);
      if (try_file(library, path, table, report)) return 1;
    }
  }
  return 0;
}
