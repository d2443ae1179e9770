/* The hash table: chains of nodes, doubled when it holds as many nodes as slots. */
#include "base/table.h"

#include <stdlib.h>

#define FIRST_SLOTS 64

enum error table_init(struct table *t)
{
    *t = (struct table){.slots = calloc(FIRST_SLOTS, sizeof(*t->slots)), .mask = FIRST_SLOTS - 1};
    return t->slots ? OK : ERR_MEMORY;
}

void table_free(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}

struct table_node *table_find(const struct table *t, uint64_t hash, table_match *match,
                              const void *key)
{
    struct table_node *node = t->slots[hash & t->mask];

    while (node && (node->hash != hash || (match && !match(node, key))))
        node = node->next;
    return node;
}

static void table_grow(struct table *t)
{
    size_t slots = (t->mask + 1) * 2;
    struct table_node **bigger = calloc(slots, sizeof(*bigger));

    if (!bigger)
        return;
    for (size_t i = 0; i <= t->mask; i++) {
        for (struct table_node *node = t->slots[i], *next; node; node = next) {
            next = node->next;
            node->next = bigger[node->hash & (slots - 1)];
            bigger[node->hash & (slots - 1)] = node;
        }
    }
    free(t->slots);
    t->slots = bigger;
    t->mask = slots - 1;
}

void table_put(struct table *t, struct table_node *node, uint64_t hash)
{
    if (t->count > t->mask)
        table_grow(t);
    node->hash = hash;
    node->next = t->slots[hash & t->mask];
    t->slots[hash & t->mask] = node;
    t->count++;
}

void table_take(struct table *t, struct table_node *node)
{
    struct table_node **link = &t->slots[node->hash & t->mask];

    while (*link && *link != node)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = node->next;
    node->next = NULL;
    t->count--;
}

void table_each(struct table *t, void (*each)(struct table_node *node, void *arg), void *arg)
{
    for (size_t i = 0; t->slots && i <= t->mask; i++) {
        for (struct table_node *node = t->slots[i], *next; node; node = next) {
            next = node->next;
            each(node, arg);
        }
    }
}
