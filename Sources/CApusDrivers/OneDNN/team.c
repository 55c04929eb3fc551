// A team executes one primitive: the first thread to arrive performs it, the others wait for its parallel
// regions and claim their members. A region's members are claimed, not assigned, so that it also completes
// when threads arrive late or never; only members that wait for each other at barriers need all threads.

#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

enum { SPINS_BEFORE_YIELD = 1024, SPINS_BEFORE_RESCUE = 1 << 15, MAX_NESTING = 16, MAX_RESCUERS = 64 };
static const uint64_t CLOSED = UINT64_MAX;

struct team {
  // The region's number in the upper half, then 16 bits of members, then 16 bits of the next one to claim.
  alignas(64) _Atomic(uint64_t) ticket;
  _Atomic(void (*)(void *)) body;
  _Atomic(void *) data;
  alignas(64) atomic_int finished;
  alignas(64) atomic_int arrived;
  atomic_uint barrier_round;
  atomic_bool rescued;
  int rescuer_count;
  alignas(64) atomic_bool taken;
  int limit;
  int expected_regions;
  int entered_regions;
  void (*work)(void *);
  void *context;
  pthread_t rescuers[MAX_RESCUERS];
};

struct frame {
  int member, size;
  void (*body)(void *);
  void *data;
};

struct thread_state {
  struct team *team;
  int limit;
  int depth;
  int member, size;
  struct frame outer[MAX_NESTING];
  long loop_end, loop_next, loop_step, loop_chunk;
};

static _Thread_local struct thread_state self = {.limit = 1, .size = 1};

static void wait_a_little(int *spins) {
  if (++*spins % SPINS_BEFORE_YIELD == 0) {
    sched_yield();
  } else {
    PAUSE();
  }
}

static uint32_t ticket_members(uint64_t ticket) { return (uint32_t)(ticket >> 16) & 0xffff; }
static uint32_t ticket_region(uint64_t ticket) { return (uint32_t)(ticket >> 32); }
static uint32_t ticket_next(uint64_t ticket) { return (uint32_t)ticket & 0xffff; }

/// Performs one unclaimed member of the open region, if there is one.
static bool claim(struct team *team, uint64_t ticket) {
  if (ticket == CLOSED || ticket_next(ticket) >= ticket_members(ticket)) return false;
  void (*body)(void *) = atomic_load_explicit(&team->body, memory_order_relaxed);
  void *data = atomic_load_explicit(&team->data, memory_order_relaxed);
  if (!atomic_compare_exchange_strong_explicit(
          &team->ticket, &ticket, ticket + 1, memory_order_acq_rel, memory_order_relaxed)) {
    return true;
  }
  struct thread_state saved = {
    .team = self.team, .limit = self.limit, .depth = self.depth, .member = self.member, .size = self.size};
  self.team = team;
  self.limit = team->limit;
  self.depth = 1;
  self.member = (int)ticket_next(ticket);
  self.size = (int)ticket_members(ticket);
  body(data);
  self.team = saved.team;
  self.limit = saved.limit;
  self.depth = saved.depth;
  self.member = saved.member;
  self.size = saved.size;
  atomic_fetch_add_explicit(&team->finished, 1, memory_order_release);
  return true;
}

static void lead(struct team *team) {
  struct team *former = self.team;
  int limit = apus_team_set_limit(team->limit);
  self.team = team;
  team->work(team->context);
  self.team = former;
  self.limit = limit;
  atomic_store_explicit(&team->ticket, CLOSED, memory_order_release);
}

static void take_part(void *context, int task, int thread) {
  (void)task;
  (void)thread;
  struct team *team = context;
  if (!atomic_exchange_explicit(&team->taken, true, memory_order_acq_rel)) {
    lead(team);
    return;
  }
  int spins = 0;
  uint64_t ticket;
  while ((ticket = atomic_load_explicit(&team->ticket, memory_order_acquire)) != CLOSED) {
    if (claim(team, ticket)) continue;
    // Idle threads leave: the caller would otherwise wait for one that has lost its processor.
    if (team->expected_regions >= 0 && ticket_region(ticket) >= (uint32_t)team->expected_regions) return;
    wait_a_little(&spins);
  }
}

int apus_team_run(
    const apus_threads *threads, int limit, int regions, void (*work)(void *), void *context) {
  struct team team;
  memset(&team, 0, offsetof(struct team, rescuers));
  team.limit = limit;
  team.expected_regions = regions;
  team.work = work;
  team.context = context;
  int count = threads == NULL ? 1 : threads->count < limit ? threads->count : limit;
  if (count <= 1 || regions == 0) {
    lead(&team);
  } else {
    threads->run(threads->pool, count, take_part, &team);
  }
  return team.entered_regions;
}

int apus_team_set_limit(int limit) {
  int former = self.limit;
  self.limit = limit;
  return former;
}

// MARK: Stand-ins for libgomp's functions

static void parallel_start(void (*body)(void *), void *data, unsigned requested) {
  if (self.depth >= MAX_NESTING) __builtin_trap();
  bool nested = self.depth > 0;
  int size = nested ? 1 : requested == 0 ? self.limit : (int)requested;
  self.outer[self.depth++] = (struct frame){self.member, self.size, body, data};
  self.member = 0;
  self.size = size;
  struct team *team = self.team;
  if (nested || size == 1 || team == NULL) return;
  atomic_store_explicit(&team->body, body, memory_order_relaxed);
  atomic_store_explicit(&team->data, data, memory_order_relaxed);
  atomic_store_explicit(&team->finished, 0, memory_order_relaxed);
  uint64_t ticket = ((uint64_t)++team->entered_regions << 32) | ((uint64_t)size << 16) | 1;
  atomic_store_explicit(&team->ticket, ticket, memory_order_release);
}

static void *rescue(void *context) {
  struct team *team = context;
  claim(team, atomic_load_explicit(&team->ticket, memory_order_acquire));
  return NULL;
}

/// A pool that is busy elsewhere runs a region's members one after another; where they wait for each other,
/// the rest gets threads of its own.
static void call_rescuers(struct team *team) {
  if (atomic_exchange(&team->rescued, true)) return;
  uint64_t ticket = atomic_load_explicit(&team->ticket, memory_order_acquire);
  int missing = (int)ticket_members(ticket) - (int)ticket_next(ticket);
  for (int i = 0; i < missing && team->rescuer_count < MAX_RESCUERS; i++) {
    if (pthread_create(&team->rescuers[team->rescuer_count], NULL, rescue, team) != 0) return;
    team->rescuer_count++;
  }
}

static void dismiss_rescuers(struct team *team) {
  if (!atomic_load(&team->rescued)) return;
  for (int i = 0; i < team->rescuer_count; i++) pthread_join(team->rescuers[i], NULL);
  team->rescuer_count = 0;
  atomic_store(&team->rescued, false);
}

static void parallel_end(void) {
  struct frame frame = self.outer[self.depth - 1];
  struct team *team = self.team;
  if (self.depth == 1 && self.size > 1 && team != NULL) {
    while (claim(team, atomic_load_explicit(&team->ticket, memory_order_acquire))) {}
    int spins = 0;
    while (atomic_load_explicit(&team->finished, memory_order_acquire) < self.size - 1) wait_a_little(&spins);
    dismiss_rescuers(team);
  } else {
    for (int member = 1; member < self.size; member++) {
      self.member = member;
      frame.body(frame.data);
    }
  }
  self.depth--;
  self.member = frame.member;
  self.size = frame.size;
}

static void parallel(void (*body)(void *), void *data, unsigned requested, unsigned flags) {
  (void)flags;
  parallel_start(body, data, requested);
  body(data);
  parallel_end();
}

static void barrier(void) {
  struct team *team = self.team;
  if (self.size <= 1 || team == NULL) return;
  unsigned round = atomic_load_explicit(&team->barrier_round, memory_order_acquire);
  if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == self.size - 1) {
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&team->barrier_round, 1, memory_order_release);
    return;
  }
  int spins = 0;
  while (atomic_load_explicit(&team->barrier_round, memory_order_acquire) == round) {
    wait_a_little(&spins);
    if (spins == SPINS_BEFORE_RESCUE) call_rescuers(team);
  }
}

static bool loop_static_next(long *start, long *end) {
  long step = self.loop_step, limit = self.loop_end;
  if (step > 0 ? self.loop_next >= limit : self.loop_next <= limit) return false;
  long last = self.loop_next + self.loop_chunk * step;
  *start = self.loop_next;
  *end = (step > 0 ? last < limit : last > limit) ? last : limit;
  self.loop_next += self.loop_chunk * step * self.size;
  return true;
}

static bool loop_static_start(long start, long end, long step, long chunk, long *first, long *last) {
  long count = step > 0 ? (end - start + step - 1) / step : (end - start + step + 1) / step;
  if (count <= 0) {
    self.loop_next = self.loop_end = end;
    self.loop_step = step;
    return false;
  }
  self.loop_end = end;
  self.loop_step = step;
  if (chunk > 0) {
    self.loop_chunk = chunk;
    self.loop_next = start + self.member * chunk * step;
    return loop_static_next(first, last);
  }
  // No chunk given: one contiguous share for each member.
  long share = count / self.size, rest = count % self.size;
  long begin = self.member * share + (self.member < rest ? self.member : rest);
  self.loop_chunk = share + (self.member < rest ? 1 : 0);
  self.loop_next = start + begin * step;
  bool any = self.loop_chunk > 0 && loop_static_next(first, last);
  self.loop_next = self.loop_end;
  return any;
}

static void nothing(void) {}

static pthread_mutex_t critical = PTHREAD_MUTEX_INITIALIZER;
static void critical_start(void) { pthread_mutex_lock(&critical); }
static void critical_end(void) { pthread_mutex_unlock(&critical); }

static int max_threads(void) { return self.limit; }
static int num_threads(void) { return self.size; }
static int thread_num(void) { return self.member; }
static int in_parallel(void) { return self.depth > 0 && self.size > 1; }

void *apus_team_entry(const char *name) {
  static const struct {
    const char *name;
    void (*function)(void);
  } entries[] = {
    {"GOMP_parallel", (void (*)(void))parallel},
    {"GOMP_parallel_start", (void (*)(void))parallel_start},
    {"GOMP_parallel_end", parallel_end},
    {"GOMP_barrier", barrier},
    {"GOMP_loop_static_start", (void (*)(void))loop_static_start},
    {"GOMP_loop_static_next", (void (*)(void))loop_static_next},
    {"GOMP_loop_end", barrier},
    {"GOMP_loop_end_nowait", nothing},
    {"GOMP_critical_start", critical_start},
    {"GOMP_critical_end", critical_end},
    {"omp_get_max_threads", (void (*)(void))max_threads},
    {"omp_get_num_procs", (void (*)(void))max_threads},
    {"omp_get_num_threads", (void (*)(void))num_threads},
    {"omp_get_thread_num", (void (*)(void))thread_num},
    {"omp_in_parallel", (void (*)(void))in_parallel},
  };
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    if (strcmp(entries[i].name, name) == 0) return (void *)entries[i].function;
  }
  return NULL;
}
