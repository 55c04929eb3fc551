#ifndef APUS_BENCH_GPU_H
#define APUS_BENCH_GPU_H
// A small harness over the driver tables: compile, load, launch, compare, time.
#include <stdint.h>
#include "CApusDrivers.h"

typedef struct kernel {
  apus_cuda_function function;
  int registers, local, ok;
} kernel;

/// One thing to compile; `image` is filled by `compile_all`.
typedef struct unit {
  char file[64], entry[32], arch[16];
  char defines[2400];
  char *image;
  char *log;
  size_t bytes;
  double milliseconds;
} unit;

typedef struct error_stats {
  double relative, worst, bad;
} error_stats;

extern const apus_cuda_driver *cu;
extern apus_cuda_stream stream;
extern char arch[16];

int gpu_start(const char *kernels, const char *reference);
void check(apus_cuda_result code, const char *what);
/// Compiles `count` units on every core.
void compile_all(unit *units, int count);
kernel load(const unit *u);
void unload_all(void);
uint64_t device_alloc(size_t bytes);
void device_reset(void);
void fill(uint64_t address, long long count, int type, float scale, unsigned seed);
kernel reference_kernel(const char *name);
int launch(kernel k, apus_cuda_launch l, void **args);
error_stats compare(uint64_t x, int type, uint64_t ref, long long rows, int width, int stride);
/// Microseconds a launch of a chain of `n` launches captured in one graph, weights out of the cache.
typedef void (*emit)(void *context, int i);
double time_chain(int n, emit body, void *context);
#endif
