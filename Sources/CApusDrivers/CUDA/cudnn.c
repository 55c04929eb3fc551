#include <pthread.h>
#include <stddef.h>
#include "apus_cudnn.h"
#include "library.h"

#define APUS_SYMBOL(field, symbol, result, parameters) {symbol, offsetof(apus_cudnn, field)},
static const apus_symbol symbols[] = {
#include "apus_cudnn_symbols.h"
};
#undef APUS_SYMBOL

static const char *const names[] = {"libcudnn.so.9"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static apus_cudnn table;
static apus_library_report found;
static int is_open;

const apus_cudnn *apus_cudnn_open(const char *_Nonnull const *_Nullable directories, size_t count,
                        apus_library_report *_Nonnull report) {
  const apus_library library = {names, sizeof names / sizeof *names, NULL, symbols, sizeof symbols / sizeof *symbols};
  pthread_mutex_lock(&lock);
  if (!is_open) is_open = apus_library_open(&library, directories, count, &table, &found);
  *report = found;
  const apus_cudnn *result = is_open ? &table : NULL;
  pthread_mutex_unlock(&lock);
  return result;
}
