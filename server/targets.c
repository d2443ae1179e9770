/* Target sets as two lists: few requests have more than one target. */
#include "server/targets.h"

#include <stdlib.h>
#include <string.h>

static bool is_same(const struct hop *a, const struct hop *b)
{
    return view_eq(a->uri, b->uri) && view_eq(a->route, b->route) &&
           view_ieq(a->where.host, b->where.host) && flow_same_peer(&a->flow, &b->flow);
}

static bool is_in(const struct candidate *list, const struct hop *hop)
{
    while (list && !is_same(&list->hop, hop))
        list = list->next;
    return list != NULL;
}

static struct view copy_put(char **to, struct view v)
{
    struct view copy = {*to, v.n};

    if (v.n)
        memcpy(*to, v.p, v.n);
    *to += v.n;
    return copy;
}

enum error targets_add(struct targets *t, const struct hop *hop, uint32_t order)
{
    struct candidate **link = &t->waiting, *added;
    char *to;

    if (is_in(t->waiting, hop) || is_in(t->tried, hop))
        return ERR_EXISTS;
    if (t->count == TARGETS_MAX)
        return ERR_LIMIT;
    added = malloc(sizeof(*added) + hop->uri.n + hop->route.n + hop->where.host.n);
    if (!added)
        return ERR_MEMORY;
    to = added->bytes;
    added->order = order;
    added->hop = *hop;
    added->hop.uri = copy_put(&to, hop->uri);
    added->hop.route = copy_put(&to, hop->route);
    added->hop.where.host = copy_put(&to, hop->where.host);
    while (*link && (*link)->order >= order)
        link = &(*link)->next;
    added->next = *link;
    *link = added;
    t->count++;
    return OK;
}

const struct candidate *targets_next(struct targets *t, uint32_t order)
{
    struct candidate *next = t->waiting;

    if (!next || next->order < order)
        return NULL;
    t->waiting = next->next;
    next->next = t->tried;
    t->tried = next;
    return next;
}

void targets_drop(struct targets *t, uint64_t instance)
{
    struct candidate **link = &t->waiting;

    while (*link) {
        struct candidate *one = *link;

        if (one->hop.instance != instance) {
            link = &one->next;
            continue;
        }
        *link = one->next;
        free(one);
    }
}

static void list_free(struct candidate **list)
{
    while (*list) {
        struct candidate *next = (*list)->next;

        free(*list);
        *list = next;
    }
}

void targets_stop(struct targets *t)
{
    list_free(&t->waiting);
}

void targets_free(struct targets *t)
{
    list_free(&t->waiting);
    list_free(&t->tried);
}
