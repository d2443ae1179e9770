/* From a user or a URI to targets. */
#include "server/calls.h"
#include "server/context.h"
#include "server/reach.h"
#include "server/route.h"

#define ALTERNATIVES 64 /* flows of one phone that are told apart */

/* RFC 5626 7.1: of several flows of one phone only one is tried at a time, the newest first. */
static unsigned newer_flows(const struct binding *b)
{
    unsigned count = 0;

    for (const struct binding *other = b->user->bindings; b->reg_id && other != b;
         other = other->next)
        count += other->reg_id && view_eq(binding_instance(other), binding_instance(b));
    return count < ALTERNATIVES ? count : ALTERNATIVES - 1;
}

static uint32_t order_of(unsigned q, const struct binding *b)
{
    return (q * 1001 + b->q) * ALTERNATIVES + ALTERNATIVES - 1 - newer_flows(b);
}

bool aim_may_take(bool secure, const struct sip_flow *flow)
{
    return !secure || flow->transport == FLOW_TLS;
}

/* RFC 5627 4.4: a GRUU is one phone's, other URIs are all the phones'. */
static bool is_meant(const struct binding *b, const struct uri *uri)
{
    return !uri->has_gr || binding_has_gruu(b, uri->gr);
}

bool aim_possible(const struct worker *w, const struct request *r, const struct user *u,
                  bool *insecure)
{
    bool call = r->m->method_id == METHOD_INVITE;
    struct hop hop;

    for (const struct binding *b = u->bindings; b; b = b->next) {
        if (!is_meant(b, &r->uri) || !reach_binding(w, b, &hop))
            continue;
        if (aim_may_take(r->uri.scheme == URI_SIPS, &hop.flow))
            return true;
        *insecure = true;
    }
    return call && !r->uri.has_gr &&
           (user_forward(u, FORWARD_ALWAYS) || user_forward(u, FORWARD_UNREACHABLE));
}

/* What it means that a target could not be added. */
static unsigned status_of(enum error e)
{
    return e == OK ? 0 : e == ERR_EXISTS ? 482 : e == ERR_LIMIT ? 483 : 500;
}

/* Adds those of u's phones that can be reached. */
static unsigned phones_add(struct context *c, const struct user *u, const struct uri *uri,
                           unsigned q)
{
    unsigned status = 480, added = 0;

    for (const struct binding *b = u->bindings; b; b = b->next) {
        struct hop hop;

        if (!is_meant(b, uri) || !reach_binding(c->worker, b, &hop) ||
            !aim_may_take(c->secure, &hop.flow))
            continue;
        hop.phone = true;
        hop.instance = b->reg_id ? hash_view(binding_instance(b)) | 1 : 0;
        status = status_of(targets_add(&c->targets, &hop, order_of(q, b)));
        added += status == 0;
    }
    return added ? 0 : status;
}

unsigned aim_user(struct context *c, const struct user *u, const struct uri *uri, unsigned q)
{
    const struct forward *f;
    unsigned status;

    if (uri->has_gr)
        return phones_add(c, u, uri, q);
    if ((f = divert_for(c, u, FORWARD_ALWAYS)))
        return divert_to(c, u, f);
    status = phones_add(c, u, uri, q);
    if (status == 480 && (f = divert_for(c, u, FORWARD_UNREACHABLE)))
        return divert_to(c, u, f);
    if (status == 0)
        divert_ring(c, u);
    return status;
}

/* Does it lead back to this server? Of a name that is known only when it is found. */
static bool is_here(const struct context *c, const struct hop *hop)
{
    return hop->flow.family && transport_is_self(c->worker->transport, &hop->flow);
}

static unsigned aim_elsewhere(struct context *c, const struct uri *uri, struct view text,
                              unsigned q, bool outside)
{
    struct hop hop = {.uri = text, .outside = outside};

    if (!route_hop(c->worker, uri, &hop) || is_here(c, &hop) ||
        (outside && hop.flow.family && flow_is_local(&hop.flow)))
        return 404;
    if (hop.flow.family && !aim_may_take(c->secure, &hop.flow))
        return 480;
    return status_of(targets_add(&c->targets, &hop, q * 1001 * ALTERNATIVES));
}

/* The number as it is sent to g: its URI with the number as user. */
static bool gateway_uri(struct text *out, const struct gateway *g, struct view number)
{
    struct view rest;
    struct uri uri;

    if (uri_parse(&uri, g->uri) != OK || !uri.host.n)
        return false;
    rest = view_from(g->uri, (size_t)(uri.host.p - g->uri.p));
    if (rest.p[-1] == '[') /* IPv6 */
        rest = (struct view){rest.p - 1, rest.n + 1};
    text_string(out, uri.scheme == URI_SIPS ? "sips:" : "sip:");
    text_view(out, number);
    text_string(out, "@");
    text_view(out, rest);
    return !out->full;
}

static unsigned gateway_add(struct context *c, struct gateway *g, struct view number,
                            uint32_t order)
{
    char bytes[SIP_VALUE_MAX];
    struct text text = TEXT(bytes);
    struct hop hop = {.gateway = g, .trusted = true, .instance = hash_view(number) | 1};
    struct uri uri;

    if (!c->emergency && !calls_gateway_free(g)) {
        c->worker->counters.gateways_full++;
        return 503;
    }
    if (!gateway_uri(&text, g, number) || uri_parse(&uri, text_done(&text)) != OK ||
        !route_hop(c->worker, &uri, &hop) || is_here(c, &hop))
        return 503;
    if (hop.flow.family && !aim_may_take(c->secure, &hop.flow))
        return 480;
    hop.uri = text_done(&text);
    return status_of(targets_add(&c->targets, &hop, order));
}

unsigned aim_route(struct context *c, const struct target *target, unsigned q)
{
    struct worker *w = c->worker;
    struct route_choice choice;
    unsigned status = 503, added = 0;
    uint64_t random;

    random_bytes(&random, sizeof(random));
    if (route_find(&choice, w->gateways, view_of(target->number), random) != OK)
        return 404;
    for (unsigned i = 0; i < choice.count; i++) {
        uint32_t order = q * 1001 * ALTERNATIVES + ALTERNATIVES - 1 - i;

        status = gateway_add(c, choice.gateways[i], view_of(choice.number), order);
        added += status == 0;
    }
    return added ? 0 : status;
}

unsigned aim_uri(struct context *c, const struct uri *uri, struct view text, unsigned q,
                 bool outside)
{
    struct worker *w = c->worker;
    struct target target;
    struct uri elsewhere;

    if (uri->scheme == URI_OTHER || uri->has_headers)
        return 416;
    target = plan_resolve(&w->plan, w->location, uri);
    switch (target.kind) {
    case TARGET_USER:
        return aim_user(c, target.user, uri, q);
    case TARGET_URI:
        return uri_parse(&elsewhere, target.uri) == OK
                   ? aim_elsewhere(c, &elsewhere, target.uri, q, false)
                   : 404;
    case TARGET_ROUTE:
        return aim_route(c, &target, q);
    case TARGET_FOREIGN:
        return text.n ? aim_elsewhere(c, uri, text, q, outside) : 404;
    default:
        return 404;
    }
}
