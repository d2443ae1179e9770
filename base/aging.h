/* A table whose entries die of age, a whole generation at once: no timer and no free an entry. What
 * is put in lives for at least one span and less than two. */
#ifndef OFFHOOK_BASE_AGING_H
#define OFFHOOK_BASE_AGING_H

#include <stddef.h>

#include "base/table.h"

struct aging;

/* span in ms of clock_ms(); at most `cap` bytes of entries a generation. ERR_MEMORY. */
enum error aging_new(struct aging **out, uint64_t span, size_t cap);
void aging_free(struct aging *a);
/* A new entry of `size` bytes, zeroed, that begins with a struct table_node, under hash. NULL past
 * the cap or without memory. Valid until it dies; look it up again rather than keep it. */
void *aging_put(struct aging *a, uint64_t hash, size_t size);
/* The living entry for which match says yes; NULL. */
struct table_node *aging_find(struct aging *a, uint64_t hash, table_match *match, const void *key);
/* The same for an entry that was put in at most `age` ms ago. */
struct table_node *aging_find_young(struct aging *a, uint64_t hash, table_match *match,
                                    const void *key, uint64_t age);
/* Entries in memory. */
size_t aging_count(const struct aging *a);

#endif
