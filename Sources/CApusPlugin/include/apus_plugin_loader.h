#ifndef APUS_PLUGIN_LOADER_H
#define APUS_PLUGIN_LOADER_H
#include "apus_plugin.h"

typedef enum apus_plugin_status {
  APUS_PLUGIN_OK = 0,
  /// The dynamic loader refuses the file.
  APUS_PLUGIN_UNLOADABLE = 1,
  APUS_PLUGIN_NO_SYMBOL = 2,
  APUS_PLUGIN_WRONG_ABI = 3,
  /// The description breaks the contract.
  APUS_PLUGIN_MALFORMED = 4,
  APUS_PLUGIN_CRASHED = 5,
  APUS_PLUGIN_HANGS = 6,
  /// No child process could be had.
  APUS_PLUGIN_NO_PROCESS = 7
} apus_plugin_status;

/// Loads the library and asks for its description in a child process, so that a crash there ends the child only.
/// `message` says what is wrong.
apus_plugin_status apus_plugin_probe(const char *path, uint32_t seconds, char *message, size_t size);

/// The same in this process; call it after a probe that passed. The library stays loaded. NULL with a message.
const apus_plugin_library *apus_plugin_open(const char *path, char *message, size_t size);
#endif
