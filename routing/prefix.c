/* Routes in a table keyed by prefix; a number is looked up once for each length. */
#include "routing/prefix.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 32 /* what commands allow: bounds the work for a number */

static struct route *route_of(const struct table_node *node)
{
    return (struct route *)(void *)node;
}

static bool route_matches(const struct table_node *node, const void *key)
{
    return view_eq(route_of(node)->prefix, *(const struct view *)key);
}

static struct route *route_get(const struct prefixes *p, struct view prefix)
{
    struct table_node *node = table_find(&p->table, hash_view(prefix), route_matches, &prefix);

    return node ? route_of(node) : NULL;
}

static void route_drop(struct table_node *node, void *arg)
{
    struct prefixes *p = arg;

    table_take(&p->table, node);
    free(route_of(node));
}

enum error prefixes_init(struct prefixes *p)
{
    p->longest = 0;
    return table_init(&p->table);
}

void prefixes_clear(struct prefixes *p)
{
    table_each(&p->table, route_drop, p);
    p->longest = 0;
}

void prefixes_free(struct prefixes *p)
{
    prefixes_clear(p);
    table_free(&p->table);
}

static struct view append(char **to, struct view v)
{
    struct view copy = {*to, v.n};

    if (v.n)
        memcpy(*to, v.p, v.n);
    *to += v.n;
    return copy;
}

enum error prefix_put(struct prefixes *p, const struct store_route *row)
{
    struct route *made;
    char *to;

    if (row->prefix.n > LONGEST)
        return ERR_LIMIT;
    made = calloc(1, sizeof(*made) + row->prefix.n + row->gateways.n + row->prepend.n);
    if (!made)
        return ERR_MEMORY;
    to = made->bytes;
    made->prefix = append(&to, row->prefix);
    made->gateways = append(&to, row->gateways);
    made->prepend = append(&to, row->prepend);
    made->strip = row->strip;
    prefix_remove(p, made->prefix);
    table_put(&p->table, &made->node, hash_view(made->prefix));
    if (made->prefix.n > p->longest)
        p->longest = made->prefix.n;
    return OK;
}

void prefix_remove(struct prefixes *p, struct view prefix)
{
    struct route *old = route_get(p, prefix);

    if (old)
        route_drop(&old->node, p);
}

const struct route *prefix_find(const struct prefixes *p, struct view number)
{
    const struct route *found = NULL;

    if (number.n > p->longest)
        number.n = p->longest;
    for (;; number.n--) {
        found = route_get(p, number);
        if (found || number.n == 0)
            return found;
    }
}
