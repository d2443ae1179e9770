/* From bindings to flows. */
#include "server/reach.h"

#include "server/route.h"

bool reach_binding(const struct worker *w, const struct binding *b, struct hop *hop)
{
    struct uri uri;

    *hop = (struct hop){.flow = binding_flow(b),
                        .uri = binding_contact(b),
                        .route = binding_path(b),
                        .audio = b->user->audio,
                        .cisco79 = b->cisco79};
    if (b->unreachable)
        return false;
    if (hop->flow.family && transport_is_open(w->transport, &hop->flow))
        return true;
    return !hop->route.n && !b->nat && !b->reg_id && uri_parse(&uri, hop->uri) == OK &&
           route_to_uri(w, &uri, &hop->flow) && flow_is_reliable(&hop->flow);
}

static bool is_contact_of(const struct request *r, struct view uri)
{
    const struct header_line *h = sip_header(r->m, HEADER_CONTACT);
    struct name_addr parts;

    return h && h->value.n <= SIP_VALUE_MAX && name_addr_parse(&parts, h->value) == OK &&
           uri_same(parts.uri, uri);
}

void reach_follow(struct worker *w, const struct request *r)
{
    struct sip_flow source = reply_flow(r->m, &r->from);

    for (struct binding *b = r->user->bindings; b; b = b->next) {
        struct sip_flow known = binding_flow(b);

        if (b->nat && known.transport == source.transport && !flow_same_peer(&known, &source) &&
            is_contact_of(r, binding_contact(b)) && binding_move(b, &source))
            w->counters.moved++;
    }
}
