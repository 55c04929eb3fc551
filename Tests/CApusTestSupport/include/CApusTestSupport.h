#pragma once

// Counts the heap allocations of the calling thread, whichever library makes them.

// Sets the count to zero and starts counting.
void apus_count_allocations(void);

// Stops counting; how many calls of this thread asked for memory since.
long apus_counted_allocations(void);
