/* Our token in Route and Record-Route, and the way to a URI. */
#include "server/route.h"

#include <string.h>

/* sips means TLS whatever else is named (RFC 5630 3.1.3). */
static enum flow_transport transport_of(const struct uri *uri)
{
    if (uri->scheme == URI_SIPS || view_ieq(uri->transport, VIEW("tls")))
        return FLOW_TLS;
    return view_ieq(uri->transport, VIEW("tcp")) ? FLOW_TCP : FLOW_UDP;
}

bool route_to_uri(const struct worker *w, const struct uri *uri, struct sip_flow *out)
{
    struct sip_flow flow = {0};

    if ((uri->scheme != URI_SIP && uri->scheme != URI_SIPS) || !flow_set_address(&flow, uri->host))
        return false;
    flow.transport = transport_of(uri);
    flow.port = uri->port ? uri->port : flow_default_port(flow.transport);
    flow.listener = UINT8_MAX;
    if (transport_reach(w->transport, &flow) != OK)
        return false;
    *out = flow;
    return true;
}

bool route_hop(const struct worker *w, const struct uri *uri, struct hop *out)
{
    struct sip_flow numeric = {0};

    if (flow_set_address(&numeric, uri->host))
        return route_to_uri(w, uri, &out->flow);
    if (!w->resolver || (uri->scheme != URI_SIP && uri->scheme != URI_SIPS))
        return false;
    out->where = (struct resolver_target){.host = uri->host,
                                          .port = uri->port,
                                          .transport = transport_of(uri),
                                          .transport_given = uri->transport.n > 0,
                                          .secure = transport_of(uri) == FLOW_TLS};
    return true;
}

static bool is_own(const struct worker *w, const struct uri *uri)
{
    return (uri->scheme == URI_SIP || uri->scheme == URI_SIPS) &&
           plan_domain(&w->plan, uri->host, uri->port).n > 0;
}

/* The URI of the n-th Route value over all lines; false when there is none. */
static bool route_value(const struct sip_message *m, unsigned n, struct uri *out)
{
    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_ROUTE, h));) {
        struct view rest = h->value;

        while (rest.n) {
            struct view value = header_value_next(&rest);
            struct name_addr parts;

            if (n-- > 0)
                continue;
            return value.n <= SIP_VALUE_MAX && name_addr_parse(&parts, value) == OK &&
                   uri_parse(out, parts.uri) == OK;
        }
    }
    return false;
}

unsigned route_count_own(const struct worker *w, const struct request *r)
{
    struct uri uri;
    unsigned n = 0;

    while (n < SIP_LIST_MAX && route_value(r->m, n, &uri) && is_own(w, &uri))
        n++;
    return n;
}

static bool token_find(const struct worker *w, const struct request *r, struct route_token *token)
{
    struct uri uri;

    /* a strict router has put our Record-Route into the Request-URI (16.4) */
    if (r->uri.has_user && is_own(w, &r->uri) &&
        token_read(token, w->token_key, r->m->call_id, r->uri.user))
        return true;
    for (unsigned n = 0; n < r->routes_own && route_value(r->m, n, &uri); n++)
        if (token_read(token, w->token_key, r->m->call_id, uri.user))
            return true;
    return false;
}

/* The other side's flow; when the Request-URI names a port of the same address (a phone that moved
 * its port, or whose connection is gone), that one. */
static void next_hop(const struct worker *w, struct request *r, struct sip_flow *to)
{
    bool gone = flow_is_reliable(to) && !transport_is_open(w->transport, to);
    struct sip_flow contact;

    r->flow_failed = gone;
    if (!route_to_uri(w, &r->uri, &contact) || !flow_same_address(&contact, to) ||
        contact.transport != to->transport || (flow_is_reliable(to) && !gone))
        return;
    contact.listener = to->listener;
    memcpy(contact.local, to->local, sizeof(contact.local));
    r->flow_failed = false;
    *to = contact;
}

/* A GRUU of the phone at the other end stands for its Contact (RFC 5627 4.4). False: it is another
 * phone's, or that phone has moved: for this the token is no proof. */
static bool gruu_resolve(const struct worker *w, struct request *r, const struct sip_flow *to)
{
    const struct user *u = r->uri.has_gr ? plan_user(&w->plan, w->location, &r->uri) : NULL;
    bool elsewhere = false;

    for (const struct binding *b = u ? u->bindings : NULL; b; b = b->next) {
        struct sip_flow flow = binding_flow(b);

        if (!binding_has_gruu(b, r->uri.gr))
            continue;
        if (flow_same_peer(&flow, to)) {
            r->contact = binding_contact(b);
            return true;
        }
        elsewhere = true;
    }
    return !elsewhere;
}

bool route_dialog(struct worker *w, struct request *r, struct sip_flow *to)
{
    struct route_token token;

    r->routes_own = route_count_own(w, r);
    if (!token_find(w, r, &token)) {
        if (r->routes_own && r->m->to_tag.n)
            w->counters.false_tokens++;
        return false;
    }
    r->session = token.id;
    r->of_callee = token_tag_hash(r->m->from_tag) != token.caller_tag;
    *to = r->of_callee ? token.caller : token.callee;
    transport_keep(w->transport, &r->from); /* the token proves a part in the call */
    if (!gruu_resolve(w, r, to))
        return false;
    next_hop(w, r, to);
    return true;
}

static struct view without_last(struct view list)
{
    struct view rest = list;
    size_t n = 0;

    while (rest.n) {
        n = (size_t)(rest.p - list.p);
        header_value_next(&rest);
    }
    return (struct view){list.p, n ? n - 1 : 0}; /* nor the comma */
}

/* Leaves of a Route line the part `keep` of its value. */
static void line_keep(struct edits *e, const struct header_line *h, struct view keep)
{
    size_t before = (size_t)(keep.p - h->value.p), behind = h->value.n - before - keep.n;

    if (!keep.n) {
        edits_replace(e, h->line, VIEW(""));
        return;
    }
    if (before)
        edits_replace(e, (struct view){h->value.p, before}, VIEW(""));
    if (behind)
        edits_replace(e, (struct view){keep.p + keep.n, behind}, VIEW(""));
}

void route_strip(struct edits *e, const struct request *r, bool last)
{
    unsigned left = r->routes_own;

    for (const struct header_line *h = NULL; (h = sip_header_after(r->m, HEADER_ROUTE, h));) {
        struct view keep = h->value;

        for (; keep.n && left; left--)
            header_value_next(&keep);
        if (last && !sip_header_after(r->m, HEADER_ROUTE, h))
            keep = without_last(keep);
        if (keep.n != h->value.n)
            line_keep(e, h, keep);
    }
}

/* secure: the dialog is one of sips (16.6 step 4), as far as TLS goes. */
static void record_line(const struct worker *w, struct text *out, const struct sip_flow *flow,
                        struct view token, bool secure)
{
    static const char *const ends[] = {[FLOW_UDP] = ";lr>\r\n",
                                       [FLOW_TCP] = ";transport=tcp;lr>\r\n",
                                       [FLOW_TLS] = ";transport=tls;lr>\r\n"};
    bool sips = secure && flow->transport == FLOW_TLS;

    text_string(out, sips ? "Record-Route: <sips:" : "Record-Route: <sip:");
    text_view(out, token);
    text_string(out, "@");
    transport_sent_by(w->transport, flow, out);
    text_string(out, sips ? ";lr>\r\n" : ends[flow->transport]);
}

void route_record(const struct worker *w, struct text *out, const struct sip_message *m,
                  struct route_token *token)
{
    const struct sip_flow *caller = &token->caller, *callee = &token->callee;
    bool secure = view_istarts(m->uri, VIEW("sips:"));
    char bytes[TOKEN_TEXT_MAX];
    struct text t = TEXT(bytes);

    token->caller_tag = token_tag_hash(m->from_tag);
    token_write(&t, w->token_key, m->call_id, token);
    record_line(w, out, callee, text_done(&t), secure);
    if (caller->transport != callee->transport || caller->family != callee->family)
        record_line(w, out, caller, text_done(&t), secure);
}

/* The Record-Route values of m, at most SIP_LIST_MAX; *first and *last: between which ours are. */
static unsigned record_routes(const struct worker *w, const struct sip_message *m,
                              struct view values[SIP_LIST_MAX], unsigned *first, unsigned *last)
{
    unsigned n = 0;

    *first = *last = SIP_LIST_MAX;
    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_RECORD_ROUTE, h));)
        for (struct view rest = h->value; rest.n && n < SIP_LIST_MAX; n++) {
            struct name_addr parts;
            struct uri uri;

            values[n] = header_value_next(&rest);
            if (name_addr_parse(&parts, values[n]) != OK || uri_parse(&uri, parts.uri) != OK ||
                !is_own(w, &uri))
                continue;
            *first = *first < n ? *first : n;
            *last = n;
        }
    return n;
}

static void route_add(struct text *out, struct view value)
{
    if (out->n)
        text_string(out, ", ");
    text_view(out, value);
}

void route_beyond(const struct worker *w, const struct sip_message *m, bool callee,
                  struct text *out)
{
    struct view values[SIP_LIST_MAX];
    unsigned first, last, n = record_routes(w, m, values, &first, &last);

    if (first == SIP_LIST_MAX)
        return;
    for (unsigned i = first; callee && i-- > 0;)
        route_add(out, values[i]);
    for (unsigned i = last + 1; !callee && i < n; i++)
        route_add(out, values[i]);
}
