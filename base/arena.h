/* Memory for one message: allocated in strides, freed in one stroke. */
#ifndef OFFHOOK_BASE_ARENA_H
#define OFFHOOK_BASE_ARENA_H

#include "base/view.h"

struct arena;

/* A new arena whose first block holds `first` bytes and that never grows past `cap` bytes. NULL
 * without memory. Freed with arena_free. */
struct arena *arena_new(size_t first, size_t cap);
void arena_free(struct arena *a);
/* n bytes, aligned for any type, valid until arena_reset; NULL past the cap or without memory. */
void *arena_alloc(struct arena *a, size_t n);
/* Forgets every allocation; keeps the first block. */
void arena_reset(struct arena *a);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);
/* A copy of v with a NUL behind it (not counted); NULL as arena_alloc. */
char *arena_copy(struct arena *a, struct view v);

#endif
