/* Contacts and their rules: expiry, order, replacement, limits. */
#include "server/registration.h"

#include <stdio.h>
#include <string.h>

#include "server/route.h"

#define CISCO_EXPIRES 120  /* s; a 7960 that is granted less unregisters itself */
#define EXPIRES_BAD   3600 /* what a malformed expiry counts as, 10.2.1.1 */

static void fail(struct registration *out, unsigned status, const char *headers)
{
    if (out->fault)
        return;
    out->fault = status;
    out->fault_headers = headers;
}

/* One Contact as it was sent. */
struct contact {
    struct name_addr parts;
    struct uri uri;
    uint64_t expires;
    uint16_t q;
    struct view instance;
    uint32_t reg_id; /* RFC 5626; 0: none, or the phone does not support outbound */
};

static uint64_t seconds_of(struct view text)
{
    uint64_t seconds;

    return view_number(text, UINT32_MAX, &seconds) ? seconds : EXPIRES_BAD;
}

/* RFC 5626 6: reg-id counts beside +sip.instance, from a phone that supports outbound. */
static uint32_t reg_id_of(const struct contact *c, const struct sip_message *m)
{
    uint64_t number;
    bool found;
    struct view text = header_param(c->parts.params, VIEW("reg-id"), &found);

    if (!found || !c->instance.n || !sip_lists(m, HEADER_SUPPORTED, VIEW("outbound")) ||
        !view_number(text, INT32_MAX, &number))
        return 0;
    return (uint32_t)number;
}

static bool contact_parse(struct contact *out, const struct worker *w, const struct sip_message *m,
                          struct view value)
{
    const struct header_line *header = sip_header(m, HEADER_EXPIRES);
    struct view text;
    bool found;

    if (value.n > SIP_VALUE_MAX || name_addr_parse(&out->parts, value) != OK ||
        uri_parse(&out->uri, out->parts.uri) != OK ||
        (out->uri.scheme != URI_SIP && out->uri.scheme != URI_SIPS))
        return false;
    out->expires = header ? seconds_of(header->value) : w->config->registrar.default_expires;
    text = header_param(out->parts.params, VIEW("expires"), &found);
    if (found)
        out->expires = seconds_of(text);
    out->q = header_q(out->parts.params);
    out->instance = header_unquote(header_param(out->parts.params, VIEW("+sip.instance"), &found));
    out->reg_id = reg_id_of(out, m);
    return true;
}

/* The seconds granted, or 0 with a fault when they are too few. */
static unsigned grant(struct registration *out, struct worker *w, const struct sip_message *m,
                      uint64_t asked)
{
    if (agent_is_cisco79(m) && asked < CISCO_EXPIRES)
        asked = CISCO_EXPIRES;
    if (asked < w->config->registrar.min_expires) {
        fail(out, 423, NULL);
        return 0;
    }
    return (unsigned)(asked < w->config->registrar.max_expires ? asked
                                                               : w->config->registrar.max_expires);
}

/* Where requests for this Contact are to go. The Contact itself, unless a NAT stands between: then
 * the way the REGISTER came. A connection is used again; a Path comes first (RFC 3327). */
static struct sip_flow flow_for(const struct worker *w, const struct request *r,
                                const struct contact *c, struct view path)
{
    struct sip_flow source = reply_flow(r->m, &r->from), contact, via = {0};
    struct name_addr parts;
    struct uri uri;

    if (path.n && name_addr_parse(&parts, header_value_next(&path)) == OK &&
        uri_parse(&uri, parts.uri) == OK && route_to_uri(w, &uri, &contact))
        return contact;
    if (c->reg_id || flow_is_reliable(&source) || !route_to_uri(w, &c->uri, &contact))
        return source;
    bool direct = flow_same_address(&contact, &source) ||
                  (flow_set_address(&via, r->m->via.host) && flow_same_address(&via, &source));

    if (!direct)
        return source;
    if (contact.transport == source.transport && contact.family == source.family) {
        contact.listener = source.listener;
        memcpy(contact.local, source.local, sizeof(contact.local));
    }
    return contact;
}

static struct store_binding *row_add(struct registration *out, const struct user *u)
{
    struct store_binding *row = &out->rows[out->count];

    if (out->count == REGISTRATION_ROWS) {
        fail(out, 403, "Warning: 399 offhook \"too many contacts\"\r\n");
        return NULL;
    }
    out->count++;
    *row = (struct store_binding){.number = user_number(u),
                                  .domain = user_domain(u),
                                  .contact = VIEW(""),
                                  .call_id = VIEW(""),
                                  .path = VIEW(""),
                                  .instance = VIEW(""),
                                  .user_agent = VIEW(""),
                                  .flow = VIEW(""),
                                  .registered = clock_wall()};
    return row;
}

/* 10.3 step 7: within one Call-ID only a higher CSeq may change a binding. */
static bool in_order(struct registration *out, const struct sip_message *m, const struct binding *b)
{
    if (!view_eq(binding_call_id(b), m->call_id) || m->cseq > b->cseq)
        return true;
    fail(out, 500, "Warning: 399 offhook \"CSeq is not higher than before\"\r\n");
    return false;
}

static void remove_row(struct registration *out, const struct sip_message *m,
                       const struct binding *b)
{
    struct store_binding *row = row_add(out, b->user);

    if (!row)
        return;
    row->contact = binding_contact(b);
    row->instance = binding_instance(b);
    row->reg_id = b->reg_id;
    row->call_id = m->call_id;
    row->cseq = m->cseq;
    row->expires = 0;
}

/* The same URI in another spelling, or the same flow of the same phone (RFC 5626 6). */
static bool is_same_contact(const struct binding *b, const struct contact *c)
{
    if (b->reg_id && c->reg_id)
        return b->reg_id == c->reg_id && view_eq(binding_instance(b), c->instance);
    return uri_same(binding_contact(b), c->parts.uri);
}

/* Will the row of c take the place of b by itself? */
static bool is_overwritten(const struct binding *b, const struct contact *c)
{
    return c->expires && binding_is(b, &(struct store_binding){.contact = c->parts.uri,
                                                               .instance = c->instance,
                                                               .reg_id = c->reg_id});
}

/* Removes what the Contact replaces: the same one, the same instance at another address. False: out
 * of order. */
static bool replaced_remove(struct registration *out, const struct sip_message *m,
                            const struct user *u, const struct contact *c)
{
    for (struct binding *b = u->bindings; b; b = b->next) {
        bool same = is_same_contact(b, c);
        bool instance =
            c->instance.n && view_eq(binding_instance(b), c->instance) && b->reg_id == c->reg_id;

        if (same && !in_order(out, m, b))
            return false;
        if ((same || instance) && !is_overwritten(b, c))
            remove_row(out, m, b);
    }
    return true;
}

/* RFC 5626 6: behind other proxies the first one has to hold the flow, and says so in its Path. */
static bool first_hop_supports(const struct sip_message *m)
{
    const struct header_line *h = NULL, *last = NULL;
    struct view rest, value = VIEW_NONE;
    struct name_addr parts;

    if (sip_value_count(m, HEADER_VIA, 1) < 2)
        return true;
    while ((h = sip_header_after(m, HEADER_PATH, h)))
        last = h;
    for (rest = last ? last->value : VIEW_NONE; rest.n;)
        value = header_value_next(&rest);
    return value.n && name_addr_parse(&parts, value) == OK &&
           view_ifind(parts.uri, VIEW(";ob")) < parts.uri.n;
}

static struct view user_agent_of(const struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_USER_AGENT);

    return h ? (struct view){h->value.p, h->value.n < 128 ? h->value.n : 128} : VIEW("");
}

static void contact_apply(struct registration *out, struct worker *w, const struct request *r,
                          const struct user *u, const struct contact *c, struct view path)
{
    struct store_binding *row;
    unsigned granted = 0;
    struct sip_flow flow;
    uint8_t *packed;

    if (c->expires && c->uri.scheme == URI_SIPS &&
        r->from.transport != FLOW_TLS) { /* RFC 5630 5.2 */
        out->insecure = true;
        fail(out, 403, "Warning: 399 offhook \"a sips Contact is registered over TLS\"\r\n");
        return;
    }
    if (c->uri.has_gr && plan_domain(&w->plan, c->uri.host, c->uri.port).n) { /* RFC 5627 5.1 */
        fail(out, 403, "Warning: 399 offhook \"a GRUU is no Contact to register\"\r\n");
        return;
    }
    if (c->expires && !(granted = grant(out, w, r->m, c->expires)))
        return;
    if (!u || !replaced_remove(out, r->m, u, c) || !c->expires)
        return;
    if (c->reg_id && !first_hop_supports(r->m)) {
        fail(out, 439, NULL);
        return;
    }
    flow = flow_for(w, r, c, path);
    if (transport_is_self(w->transport, &flow)) { /* each call would fork without end, RFC 5393 */
        fail(out, 400, "Warning: 399 offhook \"that Contact leads back to this server\"\r\n");
        return;
    }
    row = row_add(out, u);
    if (!row)
        return;
    row->contact = c->parts.uri;
    row->expires = clock_wall() + granted;
    row->call_id = r->m->call_id;
    row->cseq = r->m->cseq;
    row->q = c->q;
    row->path = path;
    row->instance = c->instance;
    row->reg_id = c->reg_id;
    row->user_agent = user_agent_of(r->m);
    packed = out->flows[row - out->rows];
    row->flow = (struct view){(char *)packed, flow_pack(&flow, packed)};
    out->granted = granted;
}

/* "Contact: *" needs "Expires: 0" and nothing beside it (10.2.2). */
static void star_apply(struct registration *out, const struct sip_message *m, const struct user *u)
{
    const struct header_line *expires = sip_header(m, HEADER_EXPIRES);
    uint64_t seconds;

    if (sip_value_count(m, HEADER_CONTACT, 1) != 1 || !expires ||
        !view_number(expires->value, UINT32_MAX, &seconds) || seconds != 0) {
        fail(out, 400, "Warning: 399 offhook \"Contact: * needs Expires: 0 and no other\"\r\n");
        return;
    }
    for (struct binding *b = u ? u->bindings : NULL; b; b = b->next) {
        if (!in_order(out, m, b))
            return;
        remove_row(out, m, b);
    }
}

static struct view path_of(struct registration *out, const struct sip_message *m)
{
    struct text t = TEXT(out->path);

    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_PATH, h));) {
        if (t.n)
            text_string(&t, ", ");
        text_view(&t, h->value);
    }
    if (t.full)
        fail(out, 400, "Warning: 399 offhook \"Path is too long\"\r\n");
    return text_done(&t);
}

/* How many bindings there will be. */
static unsigned bindings_after(const struct registration *out, const struct user *u)
{
    unsigned count = 0;

    for (const struct binding *b = u->bindings; b; b = b->next)
        count++;
    for (unsigned i = 0; i < out->count; i++) {
        bool there = false;

        for (const struct binding *b = u->bindings; b && !there; b = b->next)
            there = binding_is(b, &out->rows[i]);
        if (out->rows[i].expires && !there)
            count++;
        else if (!out->rows[i].expires && there)
            count--;
    }
    return count;
}

static void contacts_apply(struct registration *out, struct worker *w, const struct request *r,
                           struct user *u)
{
    struct view path = path_of(out, r->m);

    for (const struct header_line *h = NULL; (h = sip_header_after(r->m, HEADER_CONTACT, h));) {
        struct view rest = h->value;

        while (rest.n && !out->fault) {
            struct view value = header_value_next(&rest);
            struct contact c;

            if (view_eq(value, VIEW("*")))
                star_apply(out, r->m, u);
            else if (contact_parse(&c, w, r->m, value))
                contact_apply(out, w, r, u, &c, path);
            else
                fail(out, 400, "Warning: 399 offhook \"malformed Contact\"\r\n");
        }
    }
}

void registration_make(struct registration *out, struct worker *w, const struct request *r,
                       struct user *u)
{
    out->count = out->granted = out->fault = 0;
    out->fault_headers = NULL;
    out->insecure = false;
    if (sip_value_count(r->m, HEADER_CONTACT, REGISTRATION_ROWS / 2) > REGISTRATION_ROWS / 2) {
        fail(out, 403, "Warning: 399 offhook \"too many contacts\"\r\n");
        return;
    }
    contacts_apply(out, w, r, u);
    if (!out->fault && u && bindings_after(out, u) > w->config->registrar.max_contacts)
        fail(out, 403, "Warning: 399 offhook \"too many contacts\"\r\n");
}
