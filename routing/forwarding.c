/* The forwards of one user: a list of at most four. */
#include "routing/forwarding.h"

#include <stdlib.h>
#include <string.h>

enum error forwarding_put(struct forwarding *f, const struct store_forward *row)
{
    struct forward *made = malloc(sizeof(*made) + row->target.n);

    if (!made)
        return ERR_MEMORY;
    forwarding_remove(f, row->kind);
    *made = (struct forward){f->first, row->kind, row->after, row->target.n};
    if (row->target.n)
        memcpy(made->target, row->target.p, row->target.n);
    f->first = made;
    return OK;
}

void forwarding_remove(struct forwarding *f, enum forward_kind kind)
{
    struct forward **link = &f->first;

    while (*link && (*link)->kind != kind)
        link = &(*link)->next;
    if (*link) {
        struct forward *old = *link;

        *link = old->next;
        free(old);
    }
}

void forwarding_clear(struct forwarding *f)
{
    while (f->first)
        forwarding_remove(f, f->first->kind);
}

const struct forward *forwarding_find(const struct forwarding *f, enum forward_kind kind)
{
    const struct forward *at = f->first;

    while (at && at->kind != kind)
        at = at->next;
    return at;
}

struct view forward_target(const struct forward *forward)
{
    return (struct view){forward->target, forward->target_size};
}
