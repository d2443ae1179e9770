/* Gateways in a list: they are few; and the choice among them. */
#include "routing/gateway.h"

#include <stdlib.h>
#include <string.h>

struct gateways {
    struct gateway *first;
    struct prefixes routes;
};

enum error gateways_new(struct gateways **out)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return ERR_MEMORY;
    if (prefixes_init(&(*out)->routes) == OK)
        return OK;
    free(*out);
    *out = NULL;
    return ERR_MEMORY;
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
    prefixes_free(&g->routes);
    free(g);
}

void gateways_clear(struct gateways *g)
{
    for (struct gateway *at = g->first; at; at = at->next)
        at->gone = true;
    prefixes_clear(&g->routes);
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
    case CHANGE_ROUTE:
        return prefix_put(&g->routes, &change->route);
    case CHANGE_ROUTE_GONE:
        prefix_remove(&g->routes, change->route.prefix);
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

/* splitmix64: chance that a test can repeat */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The lower, the earlier. */
static uint32_t rank_of(const struct gateway *gateway)
{
    return (gateway->up ? 0 : 1u << 16) + gateway->priority;
}

/* Draws one of list[0..count) among those of the best rank, RFC 2782: running sums of weights,
 * those without weight first. */
static unsigned gateway_draw(struct gateway *const *list, unsigned count, uint64_t *random)
{
    uint32_t best = UINT32_MAX;
    uint64_t sum = 0, drawn;
    unsigned last = 0;

    for (unsigned i = 0; i < count; i++)
        if (rank_of(list[i]) < best)
            best = rank_of(list[i]);
    for (unsigned i = 0; i < count; i++)
        sum += rank_of(list[i]) == best ? list[i]->weight : 0;
    drawn = random_next(random) % (sum + 1);
    for (unsigned i = 0; i < count; i++)
        if (rank_of(list[i]) == best && !list[i]->weight && !drawn)
            return i;
    sum = 0;
    for (unsigned i = 0; i < count; i++) {
        if (rank_of(list[i]) != best || !list[i]->weight)
            continue;
        last = i;
        sum += list[i]->weight;
        if (sum >= drawn)
            break;
    }
    return last;
}

static void gateways_order(struct route_choice *c, uint64_t random)
{
    for (unsigned i = 0; i < c->count; i++) {
        unsigned drawn = i + gateway_draw(c->gateways + i, c->count - i, &random);
        struct gateway *gateway = c->gateways[drawn];

        c->gateways[drawn] = c->gateways[i];
        c->gateways[i] = gateway;
        c->up += gateway->up;
    }
}

static void gateways_gather(struct route_choice *c, const struct gateways *g)
{
    struct view rest = c->route->gateways;

    while (rest.n && c->count < ROUTE_GATEWAYS_MAX) {
        struct gateway *gateway = gateway_find(g, view_cut(&rest, ','));

        if (gateway)
            c->gateways[c->count++] = gateway;
    }
}

/* What is dialled: strip, then prepend. */
static bool number_rewrite(struct route_choice *c, struct view number)
{
    struct text out = {.p = c->number, .size = sizeof(c->number) - 1};

    text_view(&out, c->route->prepend);
    text_view(&out, view_from(number, c->route->strip));
    c->number[out.n] = 0;
    return !out.full && out.n > 0;
}

bool route_fits(const struct gateways *g, struct view number)
{
    return number.n > 0 && prefix_find(&g->routes, number) != NULL;
}

enum error route_find(struct route_choice *out, const struct gateways *g, struct view number,
                      uint64_t random)
{
    out->count = out->up = 0;
    out->number[0] = 0;
    out->route = number.n ? prefix_find(&g->routes, number) : NULL;
    if (!out->route)
        return ERR_NOT_FOUND;
    if (!number_rewrite(out, number))
        return ERR_LIMIT;
    gateways_gather(out, g);
    gateways_order(out, random);
    return OK;
}
