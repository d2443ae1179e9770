/* A branch: the client transaction of one target, its timer C and its CANCEL. */
#include <stdlib.h>

#include "server/calls.h"
#include "server/context.h"

#define TIMER_C 190000 /* ms; more than three minutes, 16.6 step 11 */
#define HURRY   4000   /* ms of silence after which the next address is tried, RFC 3263 4.3 */

/* Did the server fail, rather than the one who is called? */
static bool is_failure(const struct branch *b, unsigned status)
{
    return status == 503 || (status == 408 && !b->proceeding);
}

void branch_end(struct branch *b, unsigned status, const struct sip_message *m)
{
    if (b->final)
        return;
    b->final = true;
    timer_disarm(&b->limit);
    if (is_failure(b, status) && !b->cancelled)
        (void)branch_fail_over(b);
    if (status >= 300) {
        anchor_close(b->context->worker, b->session);
        b->session = 0;
    }
    context_final(b->context, b, status, m);
}

static void on_cancel_limit(struct timer *timer)
{
    struct branch *b = TIMER_OWNER(timer, struct branch, limit);
    struct context *c = b->context;

    if (b->tx)
        client_transaction_orphan(b->tx);
    b->tx = NULL;
    branch_end(b, 408, NULL);
    context_release(c);
}

static void on_timer_c(struct timer *timer)
{
    struct branch *b = TIMER_OWNER(timer, struct branch, limit);

    b->context->worker->counters.timeouts++;
    branch_cancel(b);
}

static void timer_c_arm(struct branch *b)
{
    if (b->context->invite && !b->cancelled)
        timer_arm(b->context->worker->wheel, &b->limit, TIMER_C, on_timer_c);
}

static void cancel_send(struct branch *b)
{
    static __thread char buffer[SIP_OUT_MAX];
    static __thread struct sip_message invite;
    struct worker *w = b->context->worker;
    struct text out = TEXT(buffer);
    struct client_transaction *cancel;
    uint64_t id;

    if (sip_message_parse(&invite, client_transaction_request(b->tx)) != OK)
        return;
    cancel_write(&out, &invite);
    id = client_transaction_branch(b->tx);
    if (out.full || client_transaction_new(&cancel, w->transactions, client_transaction_flow(b->tx),
                                           METHOD_CANCEL, id, text_done(&out), NULL, NULL) != OK)
        w->counters.out_of_memory++;
}

void branch_cancel(struct branch *b)
{
    if (branch_looks_up(b)) {
        branch_ways_free(b);
        branch_end(b, 487, NULL);
        return;
    }
    if (b->final || b->cancelled || !b->tx || !b->context->invite) /* 9.1: only an INVITE */
        return;
    if (!b->proceeding) { /* 9.1: only after a provisional answer */
        b->cancel_wanted = true;
        return;
    }
    b->cancelled = true;
    cancel_send(b);
    timer_arm(b->context->worker->wheel, &b->limit, 64 * TIMER_T1, on_cancel_limit);
}

/* It is us who have to answer a gateway's challenge; the caller cannot. */
static void challenged(struct branch *b, const struct sip_message *m)
{
    if (b->final || b->cancelled || b->cancel_wanted) { /* it is not wanted any more */
        branch_end(b, 487, NULL);
        return;
    }
    if (!branch_answer(b, m)) {
        log_warning("gateway %.*s does not take our credentials", VIEW_ARG(b->gateway->name));
        branch_end(b, 503, NULL);
        return;
    }
    timer_disarm(&b->limit); /* the keeper's own limit holds */
    client_transaction_orphan(b->tx);
    b->tx = NULL;
}

static void on_response(void *user, const struct sip_message *m)
{
    struct branch *b = user;

    if (m->status >= 200 && m->status < 300 && b->context->invite) {
        if (!b->final)
            branch_end(b, m->status, m);
        else
            context_final(b->context, b, m->status, m); /* a 2xx again */
        return;
    }
    if ((m->status == 401 || m->status == 407) && b->gateway && b->gateway->username.n) {
        challenged(b, m);
        return;
    }
    if (m->status >= 200) {
        branch_end(b, m->status, m);
        return;
    }
    b->proceeding = true;
    if (b->final) { /* it was given up, and rings all the same */
        if (b->context->invite && !b->cancelled) {
            b->cancelled = true;
            cancel_send(b);
        }
        return;
    }
    if (b->gateway && m->status > 100) /* it has taken the call: the others are not needed */
        targets_drop(&b->context->targets, b->instance);
    if (b->cancel_wanted)
        branch_cancel(b);
    else if (m->status > 100) /* 16.7 step 2 */
        timer_c_arm(b);
    if (m->status > 100)
        context_provisional(b->context, b, m);
}

static void on_failed(void *user, unsigned status)
{
    struct branch *b = user;

    b->tx = NULL;
    b->context->worker->counters.timeouts++;
    branch_end(b, status, NULL);
}

static void on_ended(void *user)
{
    struct branch *b = user;

    b->tx = NULL;
    context_release(b->context);
}

void branch_give_up(struct branch *b)
{
    if (b->final)
        return;
    if (branch_looks_up(b))
        branch_ways_free(b);
    branch_end(b, 408, NULL);
    if (b->tx)
        timer_arm(b->context->worker->wheel, &b->limit, 64 * TIMER_T1, on_cancel_limit);
}

struct branch *branch_start(struct context *c, const struct hop *hop)
{
    struct branch *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->context = c;
    b->instance = hop->instance;
    b->gateway = hop->gateway;
    b->phone = hop->phone;
    b->next = c->branches;
    c->branches = b;
    c->open++;
    return b;
}

void branch_drop(struct branch *b)
{
    struct branch **link = &b->context->branches;

    while (*link != b)
        link = &(*link)->next;
    *link = b->next;
    b->context->open--;
    branch_ways_free(b);
    anchor_close(b->context->worker, b->session);
    free(b);
}

/* The server says nothing at all, and there is another one. */
static void on_hurry(struct timer *timer)
{
    struct branch *b = TIMER_OWNER(timer, struct branch, limit);
    struct context *c = b->context;

    if (b->proceeding) {
        timer_c_arm(b);
        return;
    }
    branch_give_up(b);
    context_release(c);
}

void branch_count(const struct branch *b)
{
    if (b->gateway)
        calls_gateway_take(b->context->call, b->gateway);
    else
        calls_gateway_leave(b->context->call);
}

enum error branch_send(struct branch *b, const struct sip_flow *flow, enum sip_method method,
                       uint64_t id, struct view request)
{
    static const struct client_ops ops = {on_response, on_failed, on_ended, false};
    struct worker *w = b->context->worker;
    enum error e =
        client_transaction_new(&b->tx, w->transactions, flow, method, id, request, &ops, b);

    if (e != OK) {
        b->tx = NULL;
        return e;
    }
    w->counters.forwarded++;
    branch_count(b);
    if (branch_has_next(b) || (b->gateway && b->context->targets.waiting))
        timer_arm(w->wheel, &b->limit, HURRY, on_hurry);
    else
        timer_c_arm(b);
    return OK;
}
