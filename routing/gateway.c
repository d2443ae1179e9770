/* Gateways in a list: they are few. */
#include "routing/gateway.h"

#include <stdlib.h>
#include <string.h>

struct gateways {
    struct gateway *first;
};

enum error gateways_new(struct gateways **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? OK : ERR_MEMORY;
}

void gateways_free(struct gateways *g)
{
    if (!g)
        return;
    while (g->first) {
        struct gateway *old = g->first;

        g->first = old->next;
        free(old->texts);
        free(old);
    }
    free(g);
}

void gateways_clear(struct gateways *g)
{
    for (struct gateway *at = g->first; at; at = at->next)
        at->gone = true;
}

/* By name, also when it is gone. */
static struct gateway *any_find(const struct gateways *g, struct view name)
{
    struct gateway *at = g->first;

    while (at && !view_eq(at->name, name))
        at = at->next;
    return at;
}

struct gateway *gateway_find(const struct gateways *g, struct view name)
{
    struct gateway *found = any_find(g, name);

    return found && !found->gone ? found : NULL;
}

struct gateway *gateway_next(const struct gateways *g, const struct gateway *after)
{
    struct gateway *at = after ? after->next : g->first;

    while (at && at->gone)
        at = at->next;
    return at;
}

static struct view append(char **to, struct view v)
{
    struct view copy = {*to, v.n};

    if (v.n)
        memcpy(*to, v.p, v.n);
    *to += v.n;
    return copy;
}

static struct gateway *gateway_make(struct gateways *g)
{
    struct gateway *made = calloc(1, sizeof(*made));

    if (!made)
        return NULL;
    made->up = true;
    made->next = g->first;
    g->first = made;
    return made;
}

static enum error gateway_put(struct gateways *g, const struct store_gateway *row)
{
    char *texts = malloc(row->name.n + row->uri.n + row->username.n + 1), *to = texts;
    struct gateway *gateway = texts ? any_find(g, row->name) : NULL;

    if (texts && !gateway)
        gateway = gateway_make(g);
    if (!gateway) {
        free(texts);
        return ERR_MEMORY;
    }
    gateway->up |= !view_eq(gateway->uri, row->uri);
    gateway->name = append(&to, row->name);
    gateway->uri = append(&to, row->uri);
    gateway->username = append(&to, row->username);
    free(gateway->texts);
    gateway->texts = texts;
    gateway->priority = row->priority;
    gateway->weight = row->weight;
    gateway->max_calls = row->max_calls;
    gateway->registers = row->registers;
    gateway->gone = false;
    return OK;
}

enum error gateways_apply(struct gateways *g, const struct change *change)
{
    struct gateway *gateway;

    switch (change->kind) {
    case CHANGE_GATEWAY:
        return gateway_put(g, &change->gateway);
    case CHANGE_GATEWAY_GONE:
        gateway = gateway_find(g, change->gateway.name);
        if (gateway)
            gateway->gone = true;
        return OK;
    default:
        return ERR_SYNTAX;
    }
}

void gateway_mark(struct gateway *gateway, bool up)
{
    if (gateway->up == up)
        return;
    gateway->up = up;
    if (up)
        log_info("gateway %.*s answers again", VIEW_ARG(gateway->name));
    else
        log_warning("gateway %.*s does not answer; others are tried first",
                    VIEW_ARG(gateway->name));
}
