/* One errand: looking up, sending, answering, again. */
#include "server/errand.h"

#include <string.h>

#include "server/route.h"

#define AGAIN 1000 /* ms until a look-up is tried again that could not begin */

static void errand_run(struct errand *e);

static void on_due(struct timer *timer)
{
    struct errand *e = TIMER_OWNER(timer, struct errand, due);

    pack_reset(&e->answer);
    e->count = e->next = 0;
    errand_run(e);
}

static void errand_done(struct errand *e, const struct sip_message *m)
{
    timer_arm(e->owner->wheel, &e->due, e->ops->ended(e->user, m), on_due);
}

static struct view method_name(const struct errand *e)
{
    return e->ops->method == METHOD_REGISTER ? VIEW("REGISTER") : VIEW("OPTIONS");
}

static void request_write(struct errand *e, struct text *out, const struct sip_flow *flow,
                          const char *branch)
{
    text_view(out, method_name(e));
    text_string(out, " ");
    text_view(out, e->gateway->uri);
    text_string(out, " SIP/2.0\r\nVia: SIP/2.0/");
    text_string(out, flow_transport_name(flow));
    text_string(out, " ");
    transport_sent_by(e->owner->transport, flow, out);
    text_string(out, ";branch=");
    text_string(out, branch);
    text_string(out, ";rport\r\nMax-Forwards: 70\r\nCall-ID: ");
    text_string(out, e->call_id);
    text_string(out, "\r\nCSeq: ");
    text_number(out, ++e->cseq);
    text_string(out, " ");
    text_view(out, method_name(e));
    text_string(out, "\r\n");
    e->ops->write(e->user, out, flow);
    text_view(out, pack_bytes_view(&e->answer));
    text_string(out, "Content-Length: 0\r\n\r\n");
}

static void on_line(void *user, struct view line)
{
    struct errand *e = user;

    e->question = NULL;
    pack_bytes(&e->answer, line.p, line.n);
    if (!line.n || e->answer.error) {
        errand_done(e, NULL);
        return;
    }
    e->next -= e->next > 0;
    errand_run(e);
}

/* Did the gateway fail, so that its next address is worth a try? */
static bool is_failure(unsigned status)
{
    return status == 408 || status == 503;
}

static void on_response(void *user, const struct sip_message *m)
{
    struct errand *e = user;

    if (m->status < 200)
        return;
    client_transaction_orphan(e->tx);
    e->tx = NULL;
    if ((m->status == 401 || m->status == 407) && !e->answer.n && e->gateway->username.n) {
        e->question =
            credential_ask(e->owner, e->gateway, m, method_name(e), e->gateway->uri, on_line, e);
        if (e->question)
            return;
    }
    if (is_failure(m->status) && e->next < e->count)
        errand_run(e);
    else
        errand_done(e, is_failure(m->status) ? NULL : m);
}

static void on_failed(void *user, unsigned status)
{
    struct errand *e = user;

    (void)status;
    e->tx = NULL;
    resolver_failed(e->owner->resolver, &e->flows[e->next - 1], RESOLVER_AVOID_S);
    if (e->next < e->count)
        errand_run(e);
    else
        errand_done(e, NULL);
}

static void on_ended(void *user)
{
    (void)user; /* on_failed has cleared tx, and may have sent the next one already */
}

static bool is_numeric(struct view host)
{
    struct sip_flow flow = {0};

    return flow_set_address(&flow, host);
}

/* Sends to the next address that can be reached. False: there is none. */
static bool errand_send(struct errand *e)
{
    static const struct client_ops ops = {on_response, on_failed, on_ended, true};
    static __thread char buffer[SIP_DATAGRAM_MAX];
    struct worker *w = e->owner;
    struct uri uri;

    while (e->next < e->count && uri_parse(&uri, e->gateway->uri) == OK) {
        struct sip_flow *flow = &e->flows[e->next++];
        struct text out = TEXT(buffer);
        char branch[BRANCH_SIZE + 1];
        uint64_t id = branch_new(0, branch);

        flow->listener = UINT8_MAX;
        if (transport_reach(w->transport, flow) != OK ||
            (flow->transport == FLOW_TLS && !is_numeric(uri.host) &&
             transport_name(w->transport, flow, uri.host) != OK))
            continue;
        request_write(e, &out, flow, branch);
        if (!out.full && client_transaction_new(&e->tx, w->transactions, flow, e->ops->method, id,
                                                text_done(&out), &ops, e) == OK)
            return true;
    }
    return false;
}

static void on_found(void *user, const struct resolver_address *list, unsigned count,
                     enum error error)
{
    struct errand *e = user;

    (void)error;
    e->query = NULL;
    for (unsigned i = 0; i < count; i++) /* not this server, which would trust itself */
        if (!transport_is_self(e->owner->transport, &list[i].flow))
            e->flows[e->count++] = list[i].flow;
    if (e->count) {
        memcpy(e->known, e->flows, e->count * sizeof(*e->known));
        e->known_count = e->count;
    }
    if (!errand_send(e))
        errand_done(e, NULL);
}

static void errand_run(struct errand *e)
{
    struct hop hop = {0};
    struct uri uri;

    if (e->count) {
        if (!errand_send(e))
            errand_done(e, NULL);
        return;
    }
    if (uri_parse(&uri, e->gateway->uri) != OK || !route_hop(e->owner, &uri, &hop)) {
        errand_done(e, NULL);
        return;
    }
    if (hop.flow.family) {
        on_found(e, &(struct resolver_address){.flow = hop.flow}, 1, OK);
        return;
    }
    e->query = resolver_ask(e->owner->resolver, &hop.where, on_found, e);
    if (!e->query) /* too many look-ups: that says nothing about the gateway */
        timer_arm(e->owner->wheel, &e->due, AGAIN, on_due);
}

void errand_begin(struct errand *e, struct worker *w, struct gateway *g,
                  const struct errand_ops *ops, void *user, uint64_t first)
{
    struct text call_id = {.p = e->call_id, .size = sizeof(e->call_id) - 1};
    uint8_t random[8];

    random_bytes(random, sizeof(random));
    text_hex(&call_id, random, sizeof(random));
    e->call_id[call_id.n] = 0;
    e->owner = w;
    e->gateway = g;
    e->ops = ops;
    e->user = user;
    timer_arm(w->wheel, &e->due, first, on_due);
}

void errand_end(struct errand *e)
{
    timer_disarm(&e->due);
    if (e->query)
        resolver_cancel(e->query);
    if (e->question)
        credential_cancel(e->question);
    if (e->tx)
        client_transaction_orphan(e->tx);
    pack_free(&e->answer);
    memset(e, 0, sizeof(*e));
}
