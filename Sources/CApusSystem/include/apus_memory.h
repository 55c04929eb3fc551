#ifndef APUS_MEMORY_H
#define APUS_MEMORY_H

/// From now on large blocks go back to the system as soon as they are freed. Weights come and go while a model is built;
/// glibc, left to itself, soon keeps their room.
void apus_return_freed_memory(void);
#endif
