#define _GNU_SOURCE
#include "include/apus_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define CACHE_LINE 64
#define OPEN_BIT 0x80000000u

struct apus_pool {
  // Bit 31: a loop is open for entry; the rest: workers inside it.
  _Alignas(CACHE_LINE) _Atomic uint32_t state;
  _Alignas(CACHE_LINE) _Atomic ptrdiff_t next;
  // Counts loops; workers wait for it to change.
  _Alignas(CACHE_LINE) _Atomic uint32_t epoch;
  _Atomic uint32_t sleepers;
  _Atomic bool stopping;
  _Atomic int32_t spin_microseconds;
  ptrdiff_t tasks;
  apus_pool_body body;
  void *context;
  _Alignas(CACHE_LINE) _Atomic bool busy;
  int32_t threads;
  int32_t started;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  struct worker {
    apus_pool *pool;
    int32_t index;
    pthread_t thread;
  } *workers;
};

static _Thread_local bool inside_loop = false;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now_microseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_until_change(apus_pool *pool, uint32_t seen) {
  atomic_fetch_add(&pool->sleepers, 1);
#if defined(__linux__)
  while (atomic_load(&pool->epoch) == seen)
    syscall(SYS_futex, &pool->epoch, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
  pthread_mutex_lock(&pool->mutex);
  while (atomic_load(&pool->epoch) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  pthread_mutex_unlock(&pool->mutex);
#endif
  atomic_fetch_sub(&pool->sleepers, 1);
}

static void announce(apus_pool *pool) {
  atomic_fetch_add(&pool->epoch, 1);
  if (atomic_load(&pool->sleepers) == 0) return;
#if defined(__linux__)
  syscall(SYS_futex, &pool->epoch, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#else
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
#endif
}

static uint32_t wait_for_change(apus_pool *pool, uint32_t seen) {
  int64_t limit = -1;
  for (uint32_t turn = 1;; turn++) {
    uint32_t epoch = atomic_load_explicit(&pool->epoch, memory_order_acquire);
    if (epoch != seen) return epoch;
    relax();
    if (turn % 32 != 0) continue;
    int64_t now = now_microseconds();
    if (limit < 0) limit = now + atomic_load_explicit(&pool->spin_microseconds, memory_order_relaxed);
    if (now >= limit) sleep_until_change(pool, seen);
  }
}

static void take_tasks(apus_pool *pool, int32_t thread) {
  for (;;) {
    ptrdiff_t task = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (task >= pool->tasks) return;
    pool->body(pool->context, task, thread);
  }
}

/// Enters the open loop, if there is one. A worker that comes late finds it closed and delays nobody.
static bool enter(apus_pool *pool) {
  uint32_t state = atomic_load_explicit(&pool->state, memory_order_relaxed);
  while (state & OPEN_BIT) {
    if (atomic_compare_exchange_weak_explicit(
            &pool->state, &state, state + 1, memory_order_acquire, memory_order_relaxed))
      return true;
  }
  return false;
}

static void *worker_main(void *argument) {
  struct worker *worker = argument;
  apus_pool *pool = worker->pool;
  inside_loop = true;
  uint32_t seen = 0;
  for (;;) {
    seen = wait_for_change(pool, seen);
    if (atomic_load(&pool->stopping)) return NULL;
    if (!enter(pool)) continue;
    take_tasks(pool, worker->index);
    atomic_fetch_sub_explicit(&pool->state, 1, memory_order_release);
  }
}

apus_pool *apus_pool_create(int32_t threads, int32_t spin_microseconds) {
  if (threads < 1) threads = 1;
  apus_pool *pool = aligned_alloc(CACHE_LINE, sizeof(apus_pool));
  struct worker *workers = calloc((size_t)threads, sizeof *workers);
  if (pool == NULL || workers == NULL) {
    free(pool);
    free(workers);
    return NULL;
  }
  *pool = (apus_pool){.threads = threads, .started = 1, .workers = workers};
  atomic_store(&pool->spin_microseconds, spin_microseconds);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  for (int32_t i = 1; i < threads; i++) {
    workers[i] = (struct worker){.pool = pool, .index = i};
    if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
      apus_pool_destroy(pool);
      return NULL;
    }
    pool->started++;
  }
  return pool;
}

void apus_pool_destroy(apus_pool *pool) {
  if (pool == NULL) return;
  atomic_store(&pool->stopping, true);
  announce(pool);
  for (int32_t i = 1; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_mutex_destroy(&pool->mutex);
  pthread_cond_destroy(&pool->wake);
  free(pool->workers);
  free(pool);
}

int32_t apus_pool_threads(const apus_pool *pool) { return pool == NULL ? 1 : pool->threads; }

void apus_pool_set_spin(apus_pool *pool, int32_t spin_microseconds) {
  if (pool != NULL) atomic_store(&pool->spin_microseconds, spin_microseconds);
}

int32_t apus_pool_pin(apus_pool *pool, const int32_t *processors, int32_t count) {
#if defined(__linux__)
  if (pool == NULL || count < 1) return -1;
  for (int32_t i = 0; i < pool->threads; i++) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processors[i % count], &set);
    pthread_t thread = i == 0 ? pthread_self() : pool->workers[i].thread;
    if (pthread_setaffinity_np(thread, sizeof set, &set) != 0) return -1;
  }
  return 0;
#else
  (void)pool, (void)processors, (void)count;
  return -1;
#endif
}

static void wait_for_workers(apus_pool *pool) {
  for (uint32_t turn = 1; atomic_load_explicit(&pool->state, memory_order_acquire) != 0; turn++) {
    relax();
    // The worker may have lost its processor: give this one up now and then.
    if (turn % 4096 == 0) sched_yield();
  }
}

void apus_pool_run(apus_pool *pool, ptrdiff_t tasks, apus_pool_body body, void *context) {
  if (pool == NULL || pool->threads == 1 || tasks <= 1 || inside_loop ||
      atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    for (ptrdiff_t task = 0; task < tasks; task++) body(context, task, 0);
    return;
  }
  pool->tasks = tasks;
  pool->body = body;
  pool->context = context;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->state, OPEN_BIT, memory_order_release);
  announce(pool);
  inside_loop = true;
  take_tasks(pool, 0);
  inside_loop = false;
  atomic_fetch_and_explicit(&pool->state, ~OPEN_BIT, memory_order_relaxed);
  wait_for_workers(pool);
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}
