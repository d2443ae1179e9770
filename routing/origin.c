/* Bindings counted by where they are. */
#include "routing/origin.h"

#include <stdlib.h>

struct origin {
    struct table_node node;
    struct network source;
    uint32_t bindings;
};

static bool origin_matches(const struct table_node *node, const void *key)
{
    return network_same(&((const struct origin *)(const void *)node)->source, key);
}

static struct origin *origin_find(const struct table *origins, const struct network *source)
{
    return (void *)table_find(origins, network_hash(source), origin_matches, source);
}

void origin_add(struct table *origins, const struct sip_flow *flow)
{
    struct network source = network_source(flow->family, flow->address);
    struct origin *o;

    if (!flow->family)
        return;
    o = origin_find(origins, &source);
    if (!o && (o = calloc(1, sizeof(*o)))) {
        o->source = source;
        table_put(origins, &o->node, network_hash(&source));
    }
    if (o)
        o->bindings++;
}

void origin_remove(struct table *origins, const struct sip_flow *flow)
{
    struct network source = network_source(flow->family, flow->address);
    struct origin *o = flow->family ? origin_find(origins, &source) : NULL;

    if (!o || --o->bindings)
        return;
    table_take(origins, &o->node);
    free(o);
}

size_t origin_count(const struct table *origins, const struct network *source)
{
    const struct origin *o = origin_find(origins, source);

    return o ? o->bindings : 0;
}

static void origin_free(struct table_node *node, void *arg)
{
    table_take(arg, node);
    free(node);
}

void origins_free(struct table *origins)
{
    table_each(origins, origin_free, origins);
    table_free(origins);
}
