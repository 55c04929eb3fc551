#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "include/apus_plugin_loader.h"

static apus_plugin_status fail(apus_plugin_status status, char *message, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (size > 0) vsnprintf(message, size, format, arguments);
  va_end(arguments);
  return status;
}

static int is_text(const char *text, int may_be_empty) {
  return text != NULL && strnlen(text, 4096) < 4096 && (may_be_empty || text[0] != 0);
}

static const char *fault_of_field(const apus_plugin_field *field) {
  if (!is_text(field->name, 0)) return "a field has no name";
  if (!is_text(field->meaning, 1)) return "a field has no meaning";
  if (field->kind < APUS_PLUGIN_INT32 || field->kind > APUS_PLUGIN_STRING) return "a field is of an unknown kind";
  if (field->minimum_count < 0 || (field->maximum_count >= 0 && field->maximum_count < field->minimum_count)) {
    return "a field takes an impossible number of elements";
  }
  if (field->default_count < 0) return "a field has a negative number of default elements";
  if (field->kind == APUS_PLUGIN_STRING && field->default_elements) {
    const char *const *texts = field->default_elements;
    for (int32_t i = 0; i < field->default_count; i++) {
      if (!is_text(texts[i], 1)) return "a default text is missing";
    }
  }
  return NULL;
}

static const char *fault_of_plugin(const apus_plugin *plugin) {
  if (plugin->size != sizeof(apus_plugin)) return "`size` is not sizeof(apus_plugin)";
  if (!is_text(plugin->name, 0) || !is_text(plugin->version, 0)) return "name or version is missing";
  if (!is_text(plugin->name_space, 1) || !is_text(plugin->summary, 1)) return "namespace or summary is missing";
  if (plugin->field_count < 0 || plugin->field_count > 1024) return "the number of fields is impossible";
  if (plugin->field_count > 0 && plugin->fields == NULL) return "there are no fields behind `field_count`";
  for (int32_t i = 0; i < plugin->field_count; i++) {
    const char *fault = fault_of_field(&plugin->fields[i]);
    if (fault) return fault;
  }
  if (plugin->minimum_inputs < 0 || plugin->maximum_inputs < plugin->minimum_inputs || plugin->output_count < 1) {
    return "the number of inputs or outputs is impossible";
  }
  if (plugin->devices & ~(uint32_t)(APUS_PLUGIN_ON_CPU | APUS_PLUGIN_ON_CUDA)) return "`devices` has unknown bits";
  if (plugin->infer == NULL || plugin->enqueue == NULL) return "`infer` or `enqueue` is missing";
  return NULL;
}

static apus_plugin_status describe(
    const char *path, const apus_plugin_library **out, char *message, size_t size) {
  // A path without a slash would be looked up in system folders.
  char local[4096];
  snprintf(local, sizeof local, "%s%s", strchr(path, '/') ? "" : "./", path);
  void *library = dlopen(local, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return fail(APUS_PLUGIN_UNLOADABLE, message, size, "%s", dlerror());
  apus_plugin_describe_function function = (apus_plugin_describe_function)dlsym(library, "apus_plugin_describe");
  if (function == NULL) {
    return fail(APUS_PLUGIN_NO_SYMBOL, message, size, "the library defines no `apus_plugin_describe`");
  }
  const apus_plugin_library *found = function(APUS_PLUGIN_ABI);
  if (found == NULL) return fail(APUS_PLUGIN_MALFORMED, message, size, "`apus_plugin_describe` returns NULL");
  if (found->abi != APUS_PLUGIN_ABI) {
    return fail(
        APUS_PLUGIN_WRONG_ABI, message, size, "the library has plugin interface version %u, this Apus has %u",
        found->abi, APUS_PLUGIN_ABI);
  }
  if (found->count < 1 || found->count > 4096 || found->plugins == NULL) {
    return fail(APUS_PLUGIN_MALFORMED, message, size, "the library describes no plugins");
  }
  for (int32_t i = 0; i < found->count; i++) {
    const char *fault = fault_of_plugin(&found->plugins[i]);
    if (fault) return fail(APUS_PLUGIN_MALFORMED, message, size, "plugin %d: %s", (int)i, fault);
  }
  *out = found;
  return APUS_PLUGIN_OK;
}

const apus_plugin_library *apus_plugin_open(const char *path, char *message, size_t size) {
  const apus_plugin_library *library = NULL;
  return describe(path, &library, message, size) == APUS_PLUGIN_OK ? library : NULL;
}

/// What the child does; never returns.
static void probe_child(const char *path, int pipe_end) {
  // A group of its own, so that what the library starts ends with it.
  setpgid(0, 0);
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL);
  sigset_t all;
  sigemptyset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  char text[1024] = "";
  const apus_plugin_library *library = NULL;
  const apus_plugin_status status = describe(path, &library, text, sizeof text);
  const ssize_t written = write(pipe_end, text, strlen(text));
  (void)written;
  // A zero byte ends what was found: a library that ends the process itself leaves none.
  const ssize_t ended = write(pipe_end, "", 1);
  (void)ended;
  _exit((int)status);
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// What a child has said, up to a zero byte, and how it has ended.
typedef struct probe_answer {
  char *message;
  size_t size, length;
  int is_complete, is_late, result;
} probe_answer;

/// Reads what the child says until it closes its end, or until `deadline`.
static void hear_child(probe_answer *answer, int pipe_end, int64_t deadline) {
  for (;;) {
    const int64_t left = deadline - milliseconds();
    struct pollfd ready = {.fd = pipe_end, .events = POLLIN};
    const int count = left > 0 ? poll(&ready, 1, (int)left) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      answer->is_late = 1;
      return;
    }
    char buffer[256];
    const ssize_t bytes = read(pipe_end, buffer, sizeof buffer);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return;
    for (ssize_t i = 0; i < bytes; i++) {
      answer->is_complete |= buffer[i] == 0;
      if (buffer[i] != 0 && answer->length + 1 < answer->size) answer->message[answer->length++] = buffer[i];
    }
  }
}

/// Waits for the child's end, or brings it about once it is late. What the child started ends with it.
static void end_child(probe_answer *answer, pid_t child, int64_t deadline) {
  for (;;) {
    if (milliseconds() >= deadline) answer->is_late = 1;
    if (answer->is_late) kill(child, SIGKILL);
    siginfo_t info = {0};
    const int status = waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT | (answer->is_late ? 0 : WNOHANG));
    if (info.si_pid == child || (status < 0 && errno != EINTR)) break;
    usleep(1000);
  }
  // Until it is waited for, its group is no other's.
  kill(-child, SIGKILL);
  while (waitpid(child, &answer->result, 0) < 0 && errno == EINTR) {}
}

apus_plugin_status apus_plugin_probe(const char *path, uint32_t seconds, char *message, size_t size) {
  if (size > 0) message[0] = 0;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return fail(APUS_PLUGIN_NO_PROCESS, message, size, "%s", strerror(errno));
  }
  const int64_t deadline = milliseconds() + (int64_t)seconds * 1000;
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return fail(APUS_PLUGIN_NO_PROCESS, message, size, "%s", strerror(errno));
  }
  if (child == 0) probe_child(path, ends[1]);
  setpgid(child, child);
  close(ends[1]);
  probe_answer answer = {.message = message, .size = size};
  hear_child(&answer, ends[0], deadline);
  if (size > 0) message[answer.length] = 0;
  close(ends[0]);
  end_child(&answer, child, deadline);
  if (answer.is_late) {
    return fail(APUS_PLUGIN_HANGS, message, size, "its description takes longer than %u s", seconds);
  }
  if (WIFSIGNALED(answer.result)) {
    return fail(
        APUS_PLUGIN_CRASHED, message, size, "its description ends the process: %s",
        strsignal(WTERMSIG(answer.result)));
  }
  const int status = WEXITSTATUS(answer.result);
  if (!answer.is_complete || status > APUS_PLUGIN_MALFORMED) {
    return fail(APUS_PLUGIN_CRASHED, message, size, "its description ends the process with status %d", status);
  }
  return (apus_plugin_status)status;
}
