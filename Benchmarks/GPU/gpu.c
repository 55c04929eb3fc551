#include "gpu.h"
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const apus_cuda_driver *cu;
apus_cuda_stream stream;
char arch[16] = "sm_90a";
static const apus_nvrtc *rtc;
static char *names[64], *texts[64];
static int header_count;
static char kernel_directory[512];
static apus_cuda_module modules[8192], reference;
static int module_count;
static uint64_t allocations[256], flush;
static int allocation_count;
enum { FLUSH_BYTES = 96 << 20 };

void check(apus_cuda_result code, const char *what) {
  if (!code) return;
  const char *name = "?";
  cu->error_name(code, &name);
  fprintf(stderr, "FATAL %s: %s\n", what, name);
  exit(1);
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  char *s = calloc(1, 1 << 20);
  if (fread(s, 1, (1 << 20) - 1, f) == 0) s[0] = 0;
  fclose(f);
  return s;
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static void compile(unit *u) {
  const double start = now_ms();
  char path[1024], defines[2400];
  snprintf(path, sizeof path, "%s/%s", strchr(u->file, '/') ? "." : kernel_directory, u->file);
  char *source = read_file(path);
  u->log = calloc(1, 4);
  if (!source) {
    fprintf(stderr, "no source %s\n", path);
    return;
  }
  const char *options[128];
  char target[32];
  int n = 0;
  snprintf(target, sizeof target, "-arch=%s", u->arch[0] ? u->arch : arch);
  options[n++] = target, options[n++] = "-default-device", options[n++] = "--std=c++17", options[n++] = "-w";
  strcpy(defines, u->defines);
  for (char *save, *d = strtok_r(defines, " ", &save); d; d = strtok_r(NULL, " ", &save)) options[n++] = d;
  apus_nvrtc_program p;
  rtc->create(&p, source, u->file, header_count, (const char *const *)texts, (const char *const *)names);
  if (rtc->compile(p, n, options)) {
    size_t bytes;
    rtc->log_size(p, &bytes);
    u->log = calloc(1, bytes + 1);
    rtc->log(p, u->log);
  } else {
    rtc->cubin_size(p, &u->bytes);
    u->image = malloc(u->bytes);
    rtc->cubin(p, u->image);
  }
  rtc->destroy(&p);
  free(source);
  u->milliseconds = now_ms() - start;
}

typedef struct queue {
  unit *units;
  int count, next;
} queue;

static void *worker(void *context) {
  queue *q = context;
  for (int i; (i = __atomic_fetch_add(&q->next, 1, __ATOMIC_RELAXED)) < q->count;) compile(q->units + i);
  return NULL;
}

void compile_all(unit *units, int count) {
  queue q = {units, count, 0};
  long threads = sysconf(_SC_NPROCESSORS_ONLN);
  if (threads > 64) threads = 64;
  pthread_t ids[64];
  for (long i = 0; i < threads; i++) pthread_create(ids + i, NULL, worker, &q);
  for (long i = 0; i < threads; i++) pthread_join(ids[i], NULL);
}

kernel load(const unit *u) {
  kernel k = {0};
  if (!u->image) return k;
  apus_cuda_module m;
  if (cu->module_load(&m, u->image)) return k;
  modules[module_count++] = m;
  if (cu->module_function(&k.function, m, u->entry)) return k;
  cu->function_attribute(&k.registers, APUS_CUDA_FUNCTION_REGISTERS, k.function);
  cu->function_attribute(&k.local, APUS_CUDA_FUNCTION_LOCAL_BYTES, k.function);
  k.ok = 1;
  return k;
}

void unload_all(void) {
  while (module_count > 0) cu->module_unload(modules[--module_count]);
}

uint64_t device_alloc(size_t bytes) {
  uint64_t p;
  check(cu->allocate(&p, bytes + 256), "allocate");
  allocations[allocation_count++] = p;
  return p;
}

void device_reset(void) {
  while (allocation_count > 0) cu->release(allocations[--allocation_count]);
}

kernel reference_kernel(const char *name) {
  kernel k = {0};
  check(cu->module_function(&k.function, reference, name), name);
  k.ok = 1;
  return k;
}

int launch(kernel k, apus_cuda_launch l, void **args) {
  if (l.shared_bytes > 32 << 10) {
    const int r = cu->function_set_attribute(k.function, APUS_CUDA_FUNCTION_MAX_DYNAMIC_SHARED_BYTES, (int)l.shared_bytes);
    if (r) return r;
  }
  return apus_cuda_launch_kernel(cu, k.function, &l, stream, args);
}

void fill(uint64_t address, long long count, int type, float scale, unsigned seed) {
  void *args[] = {&address, &count, &type, &scale, &seed};
  check(launch(reference_kernel("fill"), (apus_cuda_launch){.grid = {1024, 1, 1}, .block = {256, 1, 1}}, args), "fill");
}

error_stats compare(uint64_t x, int type, uint64_t ref, long long rows, int width, int stride) {
  static uint64_t stats;
  if (!stats) check(cu->allocate(&stats, 64), "allocate");
  double host[4];
  check(cu->fill8_async(stats, 0, 32, stream), "memset");
  void *args[] = {&x, &type, &ref, &rows, &width, &stride, &stats};
  check(launch(reference_kernel("compare"), (apus_cuda_launch){.grid = {512, 1, 1}, .block = {256, 1, 1}}, args), "compare");
  check(cu->stream_synchronize(stream), "compare");
  check(cu->copy_to_host(host, stats, 32), "copy");
  return (error_stats){__builtin_sqrt(host[0] / (host[1] > 0 ? host[1] : 1e-30)), host[2], host[3]};
}

static int ascending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

double time_chain(int n, emit body, void *context) {
  enum { REPEATS = 7 };
  apus_cuda_graph graph;
  apus_cuda_graph_exec exec;
  apus_cuda_event start, end;
  if (!flush) check(cu->allocate(&flush, FLUSH_BYTES), "allocate");
  check(cu->capture_begin(stream, APUS_CUDA_CAPTURE_RELAXED), "capture");
  for (int i = 0; i < n; i++) body(context, i);
  check(cu->capture_end(stream, &graph), "capture end");
  if (cu->graph_instantiate(&exec, graph, 0)) return -1;
  cu->event_create(&start, 0), cu->event_create(&end, 0);
  float times[REPEATS];
  for (int r = 0; r < REPEATS + 1; r++) {
    check(cu->fill8_async(flush, r, FLUSH_BYTES, stream), "flush");
    cu->event_record(start, stream);
    check(cu->graph_launch(exec, stream), "graph");
    cu->event_record(end, stream);
    check(cu->event_synchronize(end), "replay");
    if (r > 0) cu->event_elapsed(times + r - 1, start, end);
  }
  cu->event_destroy(start), cu->event_destroy(end), cu->graph_exec_destroy(exec), cu->graph_destroy(graph);
  qsort(times, REPEATS, sizeof *times, ascending);
  return times[REPEATS / 2] * 1e3 / n;
}

int gpu_start(const char *directory, const char *reference_source) {
  apus_library_report report;
  const char *folders[] = {getenv("APUS_NVRTC") ? getenv("APUS_NVRTC") : "/usr/local/cuda/lib64",
                           "/opt/torch/.venv/lib/python3.12/site-packages/nvidia/cu13/lib"};
  snprintf(kernel_directory, sizeof kernel_directory, "%s", directory);
  rtc = apus_nvrtc_open(folders, 2, &report);
  if (!rtc) return fprintf(stderr, "NVRTC: %s\n", report.message), 0;
  int major, minor;
  rtc->version(&major, &minor);
  printf("NVRTC %d.%d %s\n", major, minor, report.path);
  DIR *folder = opendir(directory);
  for (struct dirent *e; folder && (e = readdir(folder));) {
    const char *dot = strrchr(e->d_name, '.');
    if (!dot || strcmp(dot, ".cuh")) continue;
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
    names[header_count] = strdup(e->d_name);
    texts[header_count++] = read_file(path);
  }
  if (folder) closedir(folder);
  unit u = {.entry = "fill"};
  snprintf(u.file, sizeof u.file, "%s", reference_source);
  cu = apus_cuda_open(NULL, 0, &report);
  if (!cu || cu->init(0)) {
    fprintf(stderr, "no CUDA driver: %s; compiling only\n", report.message);
    cu = NULL;
    compile(&u);
    printf("%s", u.log);
    return 2;
  }
  apus_cuda_device device;
  apus_cuda_context context;
  char name[128];
  int major_capability, clock;
  check(cu->device_get(&device, 0), "device");
  check(cu->device_name(name, sizeof name, device), "name");
  cu->device_attribute(&major_capability, APUS_CUDA_ATTRIBUTE_CAPABILITY_MAJOR, device);
  cu->device_attribute(&clock, APUS_CUDA_ATTRIBUTE_CLOCK_KHZ, device);
  printf("%s, sm_%d0, %d MHz\n", name, major_capability, clock / 1000);
  check(cu->context_retain(&context, device), "context");
  check(cu->context_set(context), "context");
  check(cu->stream_create(&stream, APUS_CUDA_STREAM_NON_BLOCKING, 0), "stream");
  compile(&u);
  if (!u.image) return fprintf(stderr, "%s", u.log), 0;
  check(cu->module_load(&reference, u.image), "reference");
  return 1;
}
