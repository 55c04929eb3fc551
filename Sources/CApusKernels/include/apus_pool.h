#ifndef APUS_POOL_H
#define APUS_POOL_H
#include <stddef.h>
#include <stdint.h>

/// A fixed set of threads that share out the tasks of one loop at a time.
typedef struct apus_pool apus_pool;

/// One task of a loop: `task` counts from 0; `thread` is below `apus_pool_threads`, distinct among those
/// that run at the same time, and 0 for the caller.
typedef void (*apus_pool_body)(void *context, ptrdiff_t task, int32_t thread);

/// A pool in which the caller and `threads - 1` workers take part. Idle workers spin for
/// `spin_microseconds` before they sleep. NULL when memory or threads cannot be had.
apus_pool *apus_pool_create(int32_t threads, int32_t spin_microseconds);

/// Stops and joins the workers. No loop may be running.
void apus_pool_destroy(apus_pool *pool);

/// Threads that take part, the caller included; 1 for NULL.
int32_t apus_pool_threads(const apus_pool *pool);

/// Changes how long idle workers spin before they sleep.
void apus_pool_set_spin(apus_pool *pool, int32_t spin_microseconds);

/// Binds worker `i` to processor `processors[i % count]`, counting the caller as thread 0 (it is bound
/// too). Returns 0, or -1 where the system refuses.
int32_t apus_pool_pin(apus_pool *pool, const int32_t *processors, int32_t count);

/// Runs `body` for tasks 0 ..< `tasks`, in no order, and returns when all are done. Tasks are handed out
/// one by one, so a delayed thread delays only its task. Serial for a NULL pool, inside another loop, and
/// when another thread is using the pool. Allocates nothing.
void apus_pool_run(apus_pool *pool, ptrdiff_t tasks, apus_pool_body body, void *context);
#endif
