/* Dispatch: what kind of request this is and who deals with it (RFC 3261 16.3, 16.4). */
#include "server/gate.h"
#include "server/guards.h"
#include "server/keepalive.h"
#include "server/loop.h"
#include "server/reach.h"
#include "server/route.h"
#include "server/trunk.h"
#include "server/worker.h"

static void to_tag_make(const struct worker *w, const struct sip_message *m, char out[16])
{
    uint64_t mixed =
        hash_keyed64(w->tag_key, m->call_id) ^ hash_keyed64(w->tag_key, m->from_tag) * 3;
    struct text t = {.p = out, .size = 16};

    text_hex(&t, &mixed, sizeof(mixed));
}

void reply_build(struct worker *w, struct text *out, const struct request *r, unsigned status,
                 struct view headers)
{
    struct reply reply = {.status = status, .headers = headers};
    char tag[16];

    if (r->m->fault == status)
        reply.reason = r->m->fault_text;
    if (status > 100) {
        to_tag_make(w, r->m, tag);
        reply.to_tag = (struct view){tag, sizeof(tag)};
    }
    reply_write(out, r->m, &r->from, &reply);
}

/* Sends an answer that no transaction keeps, if it has no more than `most` bytes. */
static void stateless_send(struct worker *w, const struct request *r, unsigned status,
                           struct view headers, size_t most)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct sip_flow to = reply_flow(r->m, &r->from);

    if (r->m->method_id == METHOD_ACK)
        return;
    w->counters.refused += status >= 300;
    reply_build(w, &out, r, status, headers);
    if (out.full || out.n > most) {
        w->counters.too_small++;
        return;
    }
    (void)w->link.send(w->link.self, &to, text_done(&out));
}

void refuse(struct worker *w, const struct request *r, unsigned status, struct view headers)
{
    stateless_send(w, r, status, headers, STRANGER_TIMES * r->m->bytes.n);
}

void refuse_busy(struct worker *w, struct request *r)
{
    if (r->tx)
        server_transaction_drop(r->tx);
    r->tx = NULL;
    refuse(w, r, 503, VIEW("Retry-After: 5\r\n"));
}

void refuse_until(struct worker *w, const struct request *r, unsigned seconds)
{
    char bytes[32];
    struct text line = TEXT(bytes);

    text_string(&line, "Retry-After: ");
    text_number(&line, seconds);
    text_string(&line, "\r\n");
    refuse(w, r, 503, text_done(&line));
}

void refuse_for_now(struct worker *w, const struct request *r)
{
    uint8_t dice;

    random_bytes(&dice, sizeof(dice));
    refuse_until(w, r, 2 + dice % 9);
}

void answer(struct worker *w, const struct request *r, unsigned status, struct view headers)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);

    if (!r->tx) {
        refuse(w, r, status, headers);
        return;
    }
    reply_build(w, &out, r, status, headers);
    if (out.full) { /* no request stays without an answer */
        status = 500;
        out = TEXT(buffer);
        reply_build(w, &out, r, status, VIEW_NONE);
    }
    server_transaction_respond(r->tx, status, text_done(&out));
}

void answer_proven(struct worker *w, const struct request *r, unsigned status, struct view headers)
{
    if (r->tx)
        answer(w, r, status, headers);
    else
        stateless_send(w, r, status, headers, SIP_OUT_MAX);
}

static void ack_dispatch(struct worker *w, struct request *r)
{
    struct server_transaction *tx = server_transaction_find(w->transactions, r->key);
    char tag[16];
    struct sip_flow to;

    if (tx && !server_transaction_is_accepted(tx)) {
        server_transaction_receive(tx, r->m, &r->from);
        return;
    }
    to_tag_make(w, r->m, tag);
    if (view_eq(r->m->to_tag, (struct view){tag, sizeof(tag)})) { /* of a stateless refusal */
        w->counters.absorbed_acks++;
        return;
    }
    if (r->m->fault || uri_parse(&r->uri, r->m->uri) != OK || !route_dialog(w, r, &to)) {
        w->counters.stray_acks++;
        return;
    }
    proxy_forward_ack(w, r, &to);
}

static void cancel_dispatch(struct worker *w, struct request *r)
{
    struct server_transaction *invite = server_transaction_find_invite(w->transactions, r->m);

    w->counters.cancels++;
    /* 9.2: nobody else may cancel; the source is all that a CANCEL proves */
    if (!invite || !flow_same_address(server_transaction_flow(invite), &r->from)) {
        refuse(w, r, 481, VIEW_NONE);
        return;
    }
    if (server_transaction_new(&r->tx, w->transactions, r->key, r->m, &r->from) != OK)
        w->counters.out_of_memory++;
    answer(w, r, 200, VIEW_NONE);
    proxy_cancel(invite);
}

/* A faulty request costs its sender as any other does. */
static void refuse_faulty(struct worker *w, const struct request *r, unsigned status,
                          struct view headers)
{
    if (guards_admit(w, r))
        refuse(w, r, status, headers);
}

/* Checks of 16.3 that need no knowledge of the user. False: refused. */
static bool request_check(struct worker *w, struct request *r)
{
    const struct header_line *h;
    enum error error;

    if (r->m->fault) {
        w->counters.malformed++;
        refuse_faulty(w, r, r->m->fault, VIEW_NONE);
        return false;
    }
    error = uri_parse(&r->uri, r->m->uri);
    if (error != OK || r->uri.has_headers) {
        w->counters.malformed++;
        refuse_faulty(w, r, 400, VIEW_NONE);
        return false;
    }
    if (r->uri.scheme == URI_OTHER) {
        refuse_faulty(w, r, 416, VIEW_NONE);
        return false;
    }
    if (r->m->max_forwards == 0) {
        refuse_faulty(w, r, 483, VIEW_NONE);
        return false;
    }
    if (r->m->method_id != METHOD_REGISTER && loop_found(w, r->m)) {
        w->counters.loops++;
        refuse_faulty(w, r, 482, VIEW_NONE);
        return false;
    }
    if ((h = sip_header(r->m, HEADER_PROXY_REQUIRE))) {
        char bytes[SIP_VALUE_MAX + 32];
        struct text lines = TEXT(bytes);

        text_string(&lines, "Unsupported: ");
        text_view(&lines, h->value);
        text_string(&lines, "\r\n");
        refuse_faulty(w, r, 420, lines.full ? VIEW_NONE : text_done(&lines));
        return false;
    }
    return true;
}

static void on_check_verdict(struct worker *w, struct request *r, enum verdict verdict,
                             struct pending *p)
{
    if (!gate_passed(w, r, verdict, p))
        return;
    reach_follow(w, r);
    if (server_transaction_is_cancelled(r->tx)) {
        answer(w, r, 487, VIEW_NONE);
        return;
    }
    r->routes_own = route_count_own(w, r);
    proxy_receive(w, r);
}

static void new_dispatch(struct worker *w, struct request *r)
{
    struct gate_claim c;
    struct pending *p;

    if (r->trusted) {
        proxy_receive(w, r);
        return;
    }
    switch (gate_check(w, r, gate_read(w, r, &c) ? &c : NULL)) {
    case GATE_OPEN:
        proxy_receive(w, r);
        return;
    case GATE_REFUSED:
        return;
    case GATE_CLAIMED:
        break;
    }
    if (server_transaction_new(&r->tx, w->transactions, r->key, r->m, &r->from) != OK) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return;
    }
    p = pending_new(w, r, KEEPER_CHECK, on_check_verdict);
    if (!p) {
        w->counters.out_of_memory++;
        refuse_busy(w, r);
        return;
    }
    gate_keep(p, &c);
    pending_ask(p);
}

/* A request that begins something. */
static void beginning_dispatch(struct worker *w, struct request *r)
{
    bool gateway = trunk_source(w, &r->from) != NULL; /* known by its address */

    r->trusted = gateway && gate_may_open(r);
    if ((!gateway && !guards_admit(w, r)) || overload_sheds(w, r))
        return;
    if (r->m->method_id == METHOD_REGISTER && plan_domain(&w->plan, r->uri.host, r->uri.port).n)
        registrar_receive(w, r);
    else
        new_dispatch(w, r);
}

void dispatch_request(struct worker *w, const struct sip_message *m, const struct sip_flow *from)
{
    struct request r = {.m = m, .from = *from, .key = server_transaction_key(m)};
    struct server_transaction *tx;
    struct sip_flow to;

    if (m->method_id == METHOD_ACK) {
        ack_dispatch(w, &r);
        return;
    }
    tx = server_transaction_find(w->transactions, r.key);
    if (tx) {
        server_transaction_receive(tx, m, from);
        return;
    }
    if (!request_check(w, &r))
        return;
    if (m->method_id == METHOD_CANCEL)
        cancel_dispatch(w, &r);
    else if (route_dialog(w, &r, &to) && !(m->method_id == METHOD_INVITE && !m->to_tag.n))
        proxy_forward_dialog(w, &r, &to);
    else
        beginning_dispatch(w, &r);
}

void dispatch_response(struct worker *w, const struct sip_message *m)
{
    struct client_transaction *tx = client_transaction_find(w->transactions, m);
    /* 16.7 step 3: without a Via beside ours it is for nobody; only our own CANCELs have one */
    bool ends_here = m->method_id != METHOD_CANCEL && sip_value_count(m, HEADER_VIA, 1) < 2;

    if (!tx && keepalive_answered(w, m))
        return;
    if (!tx || (ends_here && !client_transaction_is_own(tx))) {
        w->counters.stray_responses++;
        return;
    }
    client_transaction_receive(tx, m);
}
