/* A hash table of objects that carry their own node: no allocation an entry. */
#ifndef OFFHOOK_BASE_TABLE_H
#define OFFHOOK_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **slots;
    size_t mask; /* slots - 1 */
    size_t count;
};

/* Whether the object of node is the one that key describes. */
typedef bool table_match(const struct table_node *node, const void *key);

/* An empty table; ERR_MEMORY. table_free frees the slots, never the objects. */
enum error table_init(struct table *t);
void table_free(struct table *t);
/* The first node with this hash for which match says yes, or NULL. match NULL: the hash decides. */
struct table_node *table_find(const struct table *t, uint64_t hash, table_match *match,
                              const void *key);
/* Puts node in under hash; grows when it can, works on (slower) when it cannot. */
void table_put(struct table *t, struct table_node *node, uint64_t hash);
/* Takes node out; it has to be in. */
void table_take(struct table *t, struct table_node *node);
/* Calls each for every node; each may take out and free the node it is given, no other. */
void table_each(struct table *t, void (*each)(struct table_node *node, void *arg), void *arg);

#endif
