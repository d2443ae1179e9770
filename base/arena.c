/* The arena: a first block that stays, further blocks that live until the reset. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *first, *current;
    size_t cap, taken, used; /* cap and taken count the blocks, used what was handed out */
};

static struct block *block_new(size_t size)
{
    struct block *b = malloc(sizeof(*b) + size);

    if (b)
        *b = (struct block){.size = size};
    return b;
}

struct arena *arena_new(size_t first, size_t cap)
{
    struct arena *a = calloc(1, sizeof(*a));

    if (!a)
        return NULL;
    a->first = a->current = block_new(first);
    if (!a->first) {
        free(a);
        return NULL;
    }
    a->cap = cap;
    a->taken = first;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a->first);
    free(a);
}

static bool arena_grow(struct arena *a, size_t n)
{
    size_t size = n > a->first->size ? n : a->first->size;
    struct block *b;

    if (size > a->cap || a->taken > a->cap - size || !(b = block_new(size)))
        return false;
    b->next = a->current == a->first ? NULL : a->current;
    a->current = b;
    a->taken += size;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t room = alignof(max_align_t);
    void *p;

    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + room - 1) & ~(room - 1);
    if (n > a->current->size - a->current->used && !arena_grow(a, n))
        return NULL;
    p = a->current->bytes + a->current->used;
    a->current->used += n;
    a->used += n;
    return p;
}

void arena_reset(struct arena *a)
{
    while (a->current != a->first) {
        struct block *b = a->current;

        a->current = b->next ? b->next : a->first;
        free(b);
    }
    a->first->used = 0;
    a->taken = a->first->size;
    a->used = 0;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

char *arena_copy(struct arena *a, struct view v)
{
    char *s = arena_alloc(a, v.n + 1);

    if (!s)
        return NULL;
    if (v.n)
        memcpy(s, v.p, v.n);
    s[v.n] = 0;
    return s;
}
