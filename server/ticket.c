/* Filling tickets, and what is made of them. */
#include "server/ticket.h"

#include <stdlib.h>

#include "server/calls.h"
#include "server/route.h"

#define TICKET_VERSION 1

static void text_set(struct ticket *t, enum ticket_text which, struct view text)
{
    free(t->texts[which]);
    t->texts[which] = view_dup(text);
}

struct view ticket_text(const struct ticket *t, enum ticket_text which)
{
    return view_of(t->texts[which]);
}

struct view ticket_caller(const struct ticket *t)
{
    struct view from = ticket_text(t, TICKET_PARTY);
    struct name_addr parts;

    return name_addr_parse(&parts, from) == OK ? parts.uri : from;
}

/* The URI of the first Contact. */
static void contact_set(struct ticket *t, unsigned side, const struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_CONTACT);
    struct view rest = h ? h->value : VIEW_NONE;
    struct name_addr parts;

    if (h && name_addr_parse(&parts, header_value_next(&rest)) == OK)
        text_set(t, TICKET_CONTACT + side, parts.uri);
}

struct ticket *ticket_new(const struct request *r)
{
    struct ticket *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    while (!t->id)
        random_bytes(&t->id, sizeof(t->id));
    t->begun = clock_wall_ms();
    t->cseq[0] = r->m->cseq;
    t->stranger = request_is_strangers(r);
    text_set(t, TICKET_CALL_ID, r->m->call_id);
    text_set(t, TICKET_TARGET, r->m->uri);
    text_set(t, TICKET_PARTY, r->m->from);
    if (r->user) {
        text_set(t, TICKET_NUMBER, user_number(r->user));
        text_set(t, TICKET_DOMAIN, user_domain(r->user));
    }
    contact_set(t, 0, r->m);
    return t;
}

void ticket_free(struct ticket *t)
{
    if (!t)
        return;
    for (int i = 0; i < TICKET_TEXTS; i++)
        free(t->texts[i]);
    free(t);
}

void ticket_route(struct ticket *t, const char *kind, struct view name)
{
    char bytes[160];
    struct text text = TEXT(bytes);

    text_format(&text, "%s %.*s", kind, (int)(name.n < 128 ? name.n : 128), name.p);
    text_set(t, TICKET_ROUTE, text_done(&text));
}

void ticket_answer(struct ticket *t, const struct worker *w, const struct sip_message *m,
                   const struct sip_flow *caller, const struct sip_flow *callee)
{
    char bytes[SIP_VALUE_MAX];

    t->answered = clock_wall_ms();
    t->status = (uint16_t)m->status;
    t->flows[0] = *caller;
    t->flows[1] = *callee;
    text_set(t, TICKET_PARTY_CALLEE, m->to);
    contact_set(t, 1, m);
    for (unsigned side = 0; side < 2; side++) {
        struct text routes = TEXT(bytes);

        route_beyond(w, m, side == 1, &routes);
        text_set(t, TICKET_ROUTES + side, routes.full ? VIEW("") : text_done(&routes));
    }
}

void ticket_seen(struct ticket *t, const struct request *r)
{
    if (r->m->method_id == METHOD_ACK) /* it has the number of its INVITE */
        return;
    t->cseq[r->of_callee] = r->m->cseq;
    if (r->m->method_id == METHOD_INVITE || view_eq(r->m->method, VIEW("UPDATE")))
        contact_set(t, r->of_callee, r->m);
}

const char *ticket_end_text(enum ticket_end end)
{
    static const char *const texts[] = {
        [END_UNKNOWN] = "",      [END_CALLER] = "caller",     [END_CALLEE] = "callee",
        [END_SERVER] = "server", [END_OPERATOR] = "operator", [END_SILENCE] = "silence",
        [END_LOST] = "lost",
    };

    return texts[end];
}

static struct view tag_of(struct view party)
{
    struct name_addr parts;
    bool found;

    if (name_addr_parse(&parts, party) != OK)
        return VIEW("");
    return header_param(parts.params, VIEW("tag"), &found);
}

uint64_t ticket_dialog(const struct ticket *t)
{
    return dialog_hash(ticket_text(t, TICKET_CALL_ID), tag_of(ticket_text(t, TICKET_PARTY)),
                       tag_of(ticket_text(t, TICKET_PARTY_CALLEE)));
}

void ticket_pack(struct pack *k, const struct ticket *t, bool whole)
{
    pack_u8(k, TICKET_VERSION);
    pack_u64(k, t->id);
    pack_u64(k, t->session);
    pack_u64(k, (uint64_t)t->begun);
    pack_u64(k, (uint64_t)t->answered);
    pack_u16(k, t->status);
    for (unsigned side = 0; side < 2; side++) {
        uint8_t flow[FLOW_PACKED_MAX];
        size_t n = flow_pack(&t->flows[side], flow);

        pack_u32(k, t->cseq[side]);
        pack_view(k, (struct view){(char *)flow, n});
    }
    for (int i = 0; i < TICKET_TEXTS; i++)
        pack_view(k, whole || i < TICKET_CONTACT ? ticket_text(t, i) : VIEW(""));
}

static bool fields_unpack(struct ticket *t, struct view rest)
{
    bool bad = unpack_u8(&rest, &(bool){false}) != TICKET_VERSION;

    t->id = unpack_u64(&rest, &bad);
    t->session = unpack_u64(&rest, &bad);
    t->begun = (int64_t)unpack_u64(&rest, &bad);
    t->answered = (int64_t)unpack_u64(&rest, &bad);
    t->status = unpack_u16(&rest, &bad);
    for (unsigned side = 0; side < 2; side++) {
        t->cseq[side] = unpack_u32(&rest, &bad);
        bad |= !flow_unpack(&t->flows[side], unpack_view(&rest, &bad));
    }
    for (int i = 0; i < TICKET_TEXTS; i++)
        text_set(t, i, unpack_view(&rest, &bad));
    return !bad;
}

struct ticket *ticket_unpack(struct view bytes)
{
    struct ticket *t = calloc(1, sizeof(*t));

    if (!t || fields_unpack(t, bytes))
        return t;
    ticket_free(t);
    return NULL;
}

/* The next number of that side's requests; there are none behind the last one (8.1.1.5). */
static uint32_t cseq_next(struct ticket *t, unsigned side)
{
    if (t->cseq[side] < INT32_MAX)
        t->cseq[side]++;
    return t->cseq[side];
}

bool ticket_request(const struct worker *w, struct ticket *t, unsigned side, const char *method,
                    struct text *out, uint64_t *branch)
{
    struct view contact = ticket_text(t, TICKET_CONTACT + side);
    struct view routes = ticket_text(t, TICKET_ROUTES + side);
    struct view from = ticket_text(t, TICKET_PARTY + !side),
                to = ticket_text(t, TICKET_PARTY + side);
    char branch_text[BRANCH_SIZE + 1];
    uint32_t cseq;

    if (!contact.n || !from.n || !to.n || !t->flows[side].family)
        return false;
    cseq = strcmp(method, "ACK") ? cseq_next(t, !side) : t->cseq[!side];
    *branch = branch_new(0, branch_text);
    text_format(out, "%s %.*s SIP/2.0\r\nVia: SIP/2.0/%s ", method, VIEW_ARG(contact),
                flow_transport_name(&t->flows[side]));
    transport_sent_by(w->transport, &t->flows[side], out);
    text_format(out, ";branch=%s;rport\r\nMax-Forwards: 70\r\n", branch_text);
    if (routes.n)
        text_format(out, "Route: %.*s\r\n", VIEW_ARG(routes));
    text_format(out, "From: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u %s\r\n", VIEW_ARG(from),
                VIEW_ARG(to), VIEW_ARG(ticket_text(t, TICKET_CALL_ID)), cseq, method);
    text_string(out, "Content-Length: 0\r\n\r\n");
    return !out->full;
}
