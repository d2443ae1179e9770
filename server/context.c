/* The response context: choosing the one answer that goes upstream (RFC 3261 16.7). */
#include "server/context.h"

#include <stdlib.h>
#include <string.h>

#include "server/hangup.h"
#include "server/kept.h"
#include "server/notice.h"

#define BREADTH 60 /* Max-Breadth of who names none, RFC 5393 5.3.1 */

/* The lines of an answer behind its status line: the request is not kept, and an answer of our own
 * may be wanted after minutes. */
static bool own_keep(struct context *c, const struct request *r)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct view rest;

    reply_build(c->worker, &out, r, 500, VIEW_NONE);
    rest = text_done(&out);
    view_cut(&rest, '\n');
    c->own = out.full ? NULL : view_dup(rest);
    c->own_size = rest.n;
    return c->own != NULL;
}

static void own_send(struct context *c, unsigned status)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);

    text_string(&out, "SIP/2.0 ");
    text_number(&out, status);
    text_string(&out, " ");
    text_string(&out, reply_phrase(status));
    text_string(&out, "\r\n");
    text_view(&out, (struct view){c->own, c->own_size});
    if (c->invite)
        notice_call(text_done(&out));
    server_transaction_respond(c->tx, status, text_done(&out));
}

static void on_server_ended(void *user)
{
    struct context *c = user;

    c->tx = NULL;
    context_release(c);
}

/* What r means for the table of calls. */
static void call_note(struct context *c, const struct request *r)
{
    if ((c->invite && r->in_dialog) || r->m->method_id == METHOD_BYE)
        c->dialog = call_dialog(r->m);
    else if (c->invite)
        c->call = call_begin(c->worker, r);
}

struct context *context_new(struct worker *w, struct request *r)
{
    struct context *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->worker = w;
    c->tx = r->tx;
    c->invite = r->m->method_id == METHOD_INVITE;
    c->secure = r->uri.scheme == URI_SIPS;
    c->starting = true;
    c->trusted = r->trusted;
    c->session = r->session;
    c->of_callee = r->of_callee;
    c->offers = r->in_dialog && r->m->body.n && anchor_is_offer_answer(r->m);
    c->stranger = request_is_strangers(r);
    c->breadth = r->m->max_breadth < 0 ? BREADTH : (unsigned)r->m->max_breadth;
    if (!own_keep(c, r)) {
        free(c);
        return NULL;
    }
    call_note(c, r);
    divert_inherit(c, r);
    server_transaction_watch(r->tx, on_server_ended, c);
    c->next = w->contexts;
    c->link = &w->contexts;
    if (c->next)
        c->next->link = &c->next;
    w->contexts = c;
    w->strangers += c->stranger;
    return c;
}

static void context_free(struct context *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->worker->strangers -= c->stranger;
    while (c->branches) {
        struct branch *b = c->branches;

        c->branches = b->next;
        timer_disarm(&b->limit);
        if (b->tx)
            client_transaction_orphan(b->tx);
        branch_ways_free(b);
        if (!b->stands)
            (void)anchor_close(c->worker, b->session);
        free(b);
    }
    timer_disarm(&c->patience);
    call_end(c->worker, c->call, END_SERVER);
    targets_free(&c->targets);
    request_release(&c->request);
    pack_free(&c->challenges);
    pack_free(&c->diversions);
    free(c->best);
    free(c->own);
    free(c);
}

void contexts_free(struct worker *w)
{
    while (w->contexts)
        context_free(w->contexts);
}

void context_release(struct context *c)
{
    if (c->tx || c->starting)
        return;
    for (const struct branch *b = c->branches; b; b = b->next)
        if (b->tx || branch_looks_up(b))
            return;
    context_free(c);
}

void context_cancel(struct context *c)
{
    c->cancelled = true;
    call_cancel(c->call);
    targets_stop(&c->targets);
    timer_disarm(&c->patience);
    for (struct branch *b = c->branches; b; b = b->next)
        branch_cancel(b);
}

static void send_upstream(struct context *c, unsigned status, struct view bytes)
{
    if (c->tx)
        server_transaction_respond(c->tx, status, bytes);
}

static bool is_challenge(unsigned status)
{
    return status == 401 || status == 407;
}

/* 16.7 step 6: smaller is better. A 6xx wins; then the lowest class; within 4xx what lets the
 * caller do better next time. */
static unsigned rank(unsigned status)
{
    if (status >= 600)
        return 0;
    if (status >= 400 && status < 500) {
        if (is_challenge(status) || status == 415 || status == 420 || status == 484)
            return 400;
        return status == 408 ? 499 : 450;
    }
    return status == 503 ? 599 : status / 100 * 100; /* 503 only when nothing else was said */
}

static void challenges_keep(struct context *c, const struct sip_message *m)
{
    static const enum header_id ids[] = {HEADER_WWW_AUTHENTICATE, HEADER_PROXY_AUTHENTICATE};

    for (size_t i = 0; i < 2; i++)
        for (const struct header_line *h = NULL; (h = sip_header_after(m, ids[i], h));)
            pack_bytes(&c->challenges, h->line.p, h->line.n);
}

/* There is no answer to pass on, only a status: the answer will be ours. */
static void best_own(struct context *c, unsigned status)
{
    if (!c->best_status || rank(status) < rank(c->best_status)) {
        free(c->best);
        c->best = NULL;
        c->best_size = 0;
        c->best_status = status;
    }
}

static void best_keep(struct context *c, unsigned status, struct view bytes)
{
    char *copy = malloc(bytes.n ? bytes.n : 1);

    if (!copy) {
        c->worker->counters.out_of_memory++;
        best_own(c, status);
        return;
    }
    memcpy(copy, bytes.p, bytes.n);
    free(c->best);
    c->best = copy;
    c->best_size = bytes.n;
    c->best_status = status;
}

static void best_consider(struct context *c, const struct branch *b, unsigned status,
                          const struct sip_message *m)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct view earlier = pack_bytes_view(&c->challenges);

    if (c->best_status && rank(status) >= rank(c->best_status) &&
        !(is_challenge(status) && is_challenge(c->best_status))) {
        if (is_challenge(status))
            challenges_keep(c, m);
        return;
    }
    if (!is_challenge(status))
        earlier = VIEW_NONE;
    if (!c->tx)
        return;
    if (forward_response(&out, m, b, earlier) != OK) {
        best_own(c, status);
        return;
    }
    best_keep(c, status, text_done(&out));
    if (is_challenge(status))
        challenges_keep(c, m);
}

static void best_out(struct context *c, unsigned status)
{
    struct view bytes = {c->best, c->best_size};

    if (c->invite)
        notice_call(bytes);
    send_upstream(c, status, bytes);
}

void context_restart(struct context *c, unsigned status)
{
    free(c->best);
    c->best = NULL;
    c->best_size = 0;
    c->best_status = status;
    pack_reset(&c->challenges);
}

/* Notes where the call went: by b, or by the branch that was tried last. */
static void call_route(const struct context *c, const struct branch *b)
{
    struct ticket *t = call_ticket(c->call);
    char text[FLOW_TEXT_MAX];

    if (!t || !b)
        return;
    if (b->gateway)
        ticket_route(t, "gateway", b->gateway->name);
    else if (b->phone)
        ticket_route(t, "phone", view_of(c->leg.number));
    else if (b->tx)
        ticket_route(t, "elsewhere", view_of(flow_text(client_transaction_flow(b->tx), text)));
}

/* The call comes to nothing. */
static void call_refuse(const struct context *c)
{
    struct ticket *t = call_ticket(c->call);

    if (t)
        t->status = (uint16_t)c->best_status;
    call_route(c, c->branches);
    call_end(c->worker, c->call, c->cancelled ? END_CALLER : c->best ? END_CALLEE : END_SERVER);
}

/* The answer is found: nothing more is to be tried. */
static void context_settle(struct context *c)
{
    c->answered = true;
    call_refuse(c); /* unless it was answered */
    c->call = NULL;
    timer_disarm(&c->patience);
    targets_free(&c->targets);
    request_release(&c->request);
}

/* Is the dialog over, of which the request c was refused? RFC 3261 12.2.1.2, 15.1.1; a BYE also
 * ends it when there is nobody to answer. */
static bool is_end(const struct context *c, unsigned status)
{
    return status == 408 || status == 481 || (!c->invite && !c->best);
}

static enum anchor_side asking_side(const struct context *c)
{
    return c->of_callee ? ANCHOR_CALLEE : ANCHOR_CALLER;
}

static void dialog_end(const struct context *c, enum ticket_end end)
{
    call_end_dialog(c->worker, c->dialog, end);
    anchor_release(c->worker, c->session);
}

void context_answer(struct context *c)
{
    unsigned status = c->best_status == 503 && !c->full ? 500 : c->best_status; /* 16.7 step 6 */

    context_settle(c);
    if (c->dialog && is_end(c, status))
        dialog_end(c, END_LOST);
    else if (c->offers)
        anchor_undo(c->worker, c->session, asking_side(c));
    if (!c->tx)
        return;
    if (!c->invite && status == 408) { /* RFC 4320 4.1: silence, the client knows by itself */
        server_transaction_drop(c->tx);
        c->tx = NULL;
        return;
    }
    if (!c->best || status != c->best_status)
        own_send(c, status);
    else
        best_out(c, status);
}

/* False: the answer cannot go upstream. */
static bool success(struct context *c, struct branch *b, const struct sip_message *m)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);

    if (!c->tx)
        return true;
    if (forward_response(&out, m, b, VIEW_NONE) != OK) {
        if (c->invite && !c->answered && b->tx) {
            hangup_answered(c->worker, call_ticket(c->call), m, client_transaction_flow(b->tx));
            (void)anchor_close(c->worker, b->session);
        }
        return false;
    }
    if (c->invite && !c->answered) {
        c->worker->counters.calls++;
        branch_count(b);
        call_route(c, b);
        call_answer(c->worker, c->call, m, server_transaction_flow(c->tx),
                    client_transaction_flow(b->tx), b->session);
        b->stands = true;
        c->call = NULL;
        notice_call(text_done(&out));
    }
    if (!c->invite && c->dialog)
        dialog_end(c, c->of_callee ? END_CALLEE : END_CALLER);
    if (c->offers)
        anchor_confirm(c->worker, c->session, asking_side(c));
    context_settle(c);
    send_upstream(c, m->status, text_done(&out));
    return true;
}

static void others_cancel(struct context *c, const struct branch *winner)
{
    for (struct branch *b = c->branches; b; b = b->next)
        if (b != winner)
            branch_cancel(b);
}

/* May another flow to the same phone, or another gateway, do better? */
static bool is_flow_failure(const struct branch *b, unsigned status)
{
    return status == 408 || status == 430 || status == 503 ||
           (b->gateway && status >= 500 && status < 600);
}

void context_final(struct context *c, struct branch *b, unsigned status,
                   const struct sip_message *m)
{
    if (c->open && b->final && !b->counted) {
        b->counted = true;
        c->open--;
    }
    if (m && status >= 200 && status < 300) {
        if (success(c, b, m)) {
            others_cancel(c, b);
            return;
        }
        status = 500;
        m = NULL;
    }
    if (b->instance && !is_flow_failure(b, status))
        targets_drop(&c->targets, b->instance);
    if (!m)
        best_own(c, status);
    else if (status == 487 && c->impatient && !c->cancelled) /* it was us who hung up */
        best_own(c, 408);
    else if (!b->phone || !redirect_follow(c, b, m)) /* others do not choose where our users call */
        best_consider(c, b, status, m);
    if (status >= 600)
        others_cancel(c, b);
    if (!c->open && !c->answered && !c->starting)
        fork_proceed(c);
}

void context_provisional(struct context *c, const struct branch *b, const struct sip_message *m)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);

    if (!c->tx || c->answered || forward_response(&out, m, b, VIEW_NONE) != OK)
        return;
    send_upstream(c, m->status, text_done(&out));
}
