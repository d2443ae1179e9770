/* A trunk a gateway: an OPTIONS errand, and a REGISTER errand where it is wanted. */
#include "server/trunk.h"

#include <stdlib.h>

#include "server/errand.h"

#define FIRST        100   /* ms until a new gateway is asked */
#define EVERY        30000 /* ms between two OPTIONS */
#define EVERY_DOWN   10000 /* the same while it does not answer */
#define REGISTER_S   3600  /* s that are asked for */
#define REGISTER_MIN 60    /* s: not more often than this */
#define RETRY        60000 /* ms after a registration that was refused */

struct trunk {
    struct trunk *next;
    struct worker *owner;
    struct gateway *gateway;
    struct errand probe, registration;
    bool registered, told;
};

static void party_write(const struct trunk *t, struct text *out, struct view user, struct view host)
{
    for (int to = 0; to < 2; to++) {
        text_string(out, to ? "To: <sip:" : "From: <sip:");
        text_view(out, user);
        text_string(out, user.n ? "@" : "");
        text_view(out, host);
        text_string(out, to ? ">\r\n" : ">;tag=");
        text_string(out, to ? "" : t->registration.call_id);
        text_string(out, to ? "" : "\r\n");
    }
}

static void contact_write(const struct trunk *t, struct text *out, struct view user,
                          const struct sip_flow *flow)
{
    text_string(out, "Contact: <sip:");
    text_view(out, user);
    text_string(out, user.n ? "@" : "");
    transport_sent_by(t->owner->transport, flow, out);
    text_string(out, flow->transport == FLOW_TCP   ? ";transport=tcp>\r\n"
                     : flow->transport == FLOW_TLS ? ";transport=tls>\r\n"
                                                   : ">\r\n");
}

static void probe_write(void *user, struct text *out, const struct sip_flow *flow)
{
    const struct trunk *t = user;
    struct view domain = view_of(t->owner->plan.domains[0]);

    text_string(out, "From: <sip:");
    text_view(out, domain);
    text_string(out, ">;tag=");
    text_string(out, t->probe.call_id);
    text_string(out, "\r\nTo: <");
    text_view(out, t->gateway->uri);
    text_string(out, ">\r\n");
    contact_write(t, out, VIEW(""), flow);
}

static uint64_t probe_ended(void *user, const struct sip_message *m)
{
    struct trunk *t = user;

    gateway_mark(t->gateway, m != NULL);
    return m ? EVERY : EVERY_DOWN;
}

static void registration_write(void *user, struct text *out, const struct sip_flow *flow)
{
    const struct trunk *t = user;
    struct uri uri;

    if (uri_parse(&uri, t->gateway->uri) != OK)
        return;
    party_write(t, out, t->gateway->username, uri.host);
    contact_write(t, out, t->gateway->username, flow);
    text_string(out, "Expires: ");
    text_number(out, REGISTER_S);
    text_string(out, "\r\n");
}

/* The seconds granted to our own Contact. */
static uint64_t granted(const struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_EXPIRES), *c = NULL;
    uint64_t seconds = REGISTER_S, one;

    if (h)
        (void)view_number(h->value, REGISTER_S, &seconds);
    while ((c = sip_header_after(m, HEADER_CONTACT, c))) {
        struct name_addr parts;
        bool found;

        if (c->value.n <= SIP_VALUE_MAX && name_addr_parse(&parts, c->value) == OK &&
            view_number(header_param(parts.params, VIEW("expires"), &found), REGISTER_S, &one) &&
            one < seconds)
            seconds = one;
    }
    return seconds;
}

static void registered_tell(struct trunk *t, bool registered, const struct sip_message *m)
{
    struct view name = t->gateway->name;

    if (t->told && t->registered == registered)
        return;
    t->told = true;
    t->registered = registered;
    if (registered)
        log_info("registered at gateway %.*s", VIEW_ARG(name));
    else if (m)
        log_warning("gateway %.*s refuses our registration with %u", VIEW_ARG(name), m->status);
    else
        log_warning("gateway %.*s does not answer our registration", VIEW_ARG(name));
}

static uint64_t registration_ended(void *user, const struct sip_message *m)
{
    struct trunk *t = user;
    bool registered = m && m->status >= 200 && m->status < 300;
    uint64_t seconds;

    registered_tell(t, registered, m);
    if (!registered)
        return RETRY;
    seconds = granted(m) / 2;
    return (seconds < REGISTER_MIN ? REGISTER_MIN : seconds) * 1000;
}

static const struct errand_ops probe_ops = {METHOD_OPTIONS, probe_write, probe_ended};
static const struct errand_ops registration_ops = {METHOD_REGISTER, registration_write,
                                                   registration_ended};

static struct trunk *trunk_find(const struct worker *w, const struct gateway *g)
{
    struct trunk *t = w->trunks;

    while (t && t->gateway != g)
        t = t->next;
    return t;
}

static void trunk_new(struct worker *w, struct gateway *g)
{
    struct trunk *t = calloc(1, sizeof(*t));

    if (!t) {
        w->counters.out_of_memory++;
        return;
    }
    t->owner = w;
    t->gateway = g;
    t->next = w->trunks;
    w->trunks = t;
    errand_begin(&t->probe, w, g, &probe_ops, t, FIRST);
    if (g->registers && g->username.n)
        errand_begin(&t->registration, w, g, &registration_ops, t, FIRST);
}

static void trunk_drop(struct trunk **link)
{
    struct trunk *t = *link;

    *link = t->next;
    if (t->probe.owner)
        errand_end(&t->probe);
    if (t->registration.owner)
        errand_end(&t->registration);
    free(t);
}

void trunks_update(struct worker *w)
{
    for (struct trunk **link = &w->trunks; *link;) {
        if ((*link)->gateway->gone)
            trunk_drop(link);
        else
            link = &(*link)->next;
    }
    for (struct gateway *g = NULL; (g = gateway_next(w->gateways, g));)
        if (!g->gone && !trunk_find(w, g))
            trunk_new(w, g);
}

void trunks_free(struct worker *w)
{
    while (w->trunks)
        trunk_drop(&w->trunks);
}

struct gateway *trunk_source(const struct worker *w, const struct sip_flow *from)
{
    for (const struct trunk *t = w->trunks; t; t = t->next)
        for (unsigned i = 0; i < t->probe.known_count; i++)
            if (t->probe.known[i].transport == from->transport &&
                flow_same_address(&t->probe.known[i], from))
                return t->gateway;
    return NULL;
}
