/* Two generations, the young and the old, each an arena and a table. */
#include "base/aging.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

#define BLOCK (256u << 10) /* big enough for malloc to give it back to the system */

struct generation {
    struct arena *arena; /* NULL while it is empty */
    struct table table;
};

struct aging {
    uint64_t span, born; /* of the young generation, ms */
    size_t cap;
    struct generation young, old;
};

enum error aging_new(struct aging **out, uint64_t span, size_t cap)
{
    struct aging *a = calloc(1, sizeof(*a));

    *out = a;
    if (!a)
        return ERR_MEMORY;
    a->span = span;
    a->cap = cap;
    a->born = clock_ms();
    return OK;
}

static void generation_clear(struct generation *g)
{
    arena_free(g->arena);
    table_free(&g->table);
    g->arena = NULL;
}

void aging_free(struct aging *a)
{
    if (!a)
        return;
    generation_clear(&a->young);
    generation_clear(&a->old);
    free(a);
}

static void aging_turn(struct aging *a)
{
    uint64_t now = clock_ms();

    if (now - a->born < a->span)
        return;
    generation_clear(&a->old);
    if (now - a->born < 2 * a->span)
        a->old = a->young;
    else
        generation_clear(&a->young);
    a->young = (struct generation){0};
    a->born = now;
}

static bool generation_begin(struct generation *g, size_t cap)
{
    if (g->arena)
        return true;
    if (table_init(&g->table) != OK)
        return false;
    g->arena = arena_new(BLOCK, cap);
    if (!g->arena)
        table_free(&g->table);
    return g->arena != NULL;
}

void *aging_put(struct aging *a, uint64_t hash, size_t size)
{
    struct table_node *node;

    aging_turn(a);
    if (!generation_begin(&a->young, a->cap) || !(node = arena_alloc(a->young.arena, size)))
        return NULL;
    memset(node, 0, size);
    table_put(&a->young.table, node, hash);
    return node;
}

struct table_node *aging_find(struct aging *a, uint64_t hash, table_match *match, const void *key)
{
    return aging_find_young(a, hash, match, key, UINT64_MAX);
}

struct table_node *aging_find_young(struct aging *a, uint64_t hash, table_match *match,
                                    const void *key, uint64_t age)
{
    struct table_node *found = NULL;

    aging_turn(a);
    if (a->young.arena)
        found = table_find(&a->young.table, hash, match, key);
    if (!found && a->old.arena && age > clock_ms() - a->born)
        found = table_find(&a->old.table, hash, match, key);
    return found;
}

size_t aging_count(const struct aging *a)
{
    return a->young.table.count + a->old.table.count;
}
