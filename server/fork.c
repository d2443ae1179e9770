/* Forking (RFC 3261 16.6 to 16.8): the groups of the target set, one after the other. */
#include "server/context.h"
#include "server/kept.h"

#define PATIENCE 20000 /* ms that a group may ring while others wait for their turn */
#define GRACE    2000  /* ms for the answers to our CANCELs */

/* Does the request begin something that later requests have to find their way into? */
static bool is_recorded(const struct request *r)
{
    return !r->m->to_tag.n &&
           (r->m->method_id == METHOD_INVITE || view_eq(r->m->method, VIEW("SUBSCRIBE")) ||
            view_eq(r->m->method, VIEW("REFER")));
}

enum error fork_write(struct context *c, struct text *out, const struct request *r, struct hop *hop,
                      struct forwarded *what)
{
    if (r == &c->request) /* he may have gone since it came */
        c->request.user = leg_user(c, &c->caller);
    hop->headers = pack_bytes_view(&c->diversions);
    return forward_request(c->worker, out, r, hop, is_recorded(r), what);
}

static enum error branch_add(struct context *c, const struct request *r, struct hop *hop)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct text out = TEXT(buffer);
    struct branch *b;
    struct forwarded what;
    enum error e;

    if (!hop->flow.family)
        return branch_look_up(c, hop);
    e = fork_write(c, &out, r, hop, &what);
    b = e == OK ? branch_start(c, hop) : NULL;
    if (!b) {
        anchor_close(c->worker, what.session);
        return e ? e : ERR_MEMORY;
    }
    b->session = what.session;
    if (hop->gateway)
        branch_aim(b, hop);
    e = branch_send(b, &hop->flow, r->m->method_id, what.branch, text_done(&out));
    if (e != OK)
        branch_drop(b);
    return e;
}

/* Takes the next group out of the target set, at most as many as may go at a time. */
static unsigned group_take(struct context *c, struct hop *group)
{
    uint32_t order = c->targets.waiting ? c->targets.waiting->order : 0;
    const struct candidate *next;
    unsigned count = 0;

    while (count < c->breadth && (next = targets_next(&c->targets, order)))
        group[count++] = next->hop;
    return count;
}

static void fork_started(struct context *c);

static void on_grace(struct timer *timer)
{
    struct context *c = TIMER_OWNER(timer, struct context, patience);

    c->starting = true; /* it must not be freed, or go on, before the last of them */
    for (struct branch *b = c->branches; b; b = b->next)
        branch_give_up(b);
    fork_started(c);
}

static void on_patience(struct timer *timer)
{
    struct context *c = TIMER_OWNER(timer, struct context, patience);

    c->worker->counters.no_answer++;
    c->impatient = true;
    timer_arm(c->worker->wheel, &c->patience, GRACE, on_grace);
    for (struct branch *b = c->branches; b; b = b->next)
        branch_cancel(b);
}

/* RFC 5393 5.3.3: the breadth is shared among the branches. */
static void breadth_share(const struct context *c, const struct request *r, struct hop *group,
                          unsigned count)
{
    if (count < 2 && !sip_header(r->m, HEADER_MAX_BREADTH))
        return;
    for (unsigned i = 0; i < count; i++)
        group[i].breadth = c->breadth / count + (i < c->breadth % count);
}

/* Starts groups until a branch is open or nothing is left. */
static void groups_start(struct context *c, const struct request *r)
{
    struct hop group[TARGETS_MAX];
    unsigned count, wait;

    while (!c->open && !c->answered && !c->cancelled && (count = group_take(c, group))) {
        breadth_share(c, r, group, count);
        for (unsigned i = 0; i < count; i++)
            if (branch_add(c, r, &group[i]) != OK)
                c->worker->counters.branches_failed++;
    }
    timer_disarm(&c->patience);
    c->impatient = false;
    /* gateways ring for as long as the caller likes */
    wait = c->targets.waiting && !c->targets.waiting->hop.gateway ? PATIENCE : divert_wait(c);
    if (c->open && c->invite && wait)
        timer_arm(c->worker->wheel, &c->patience, wait, on_patience);
}

/* The user's phones are done: his forwards may lead on. False: the answer stands. */
static bool onward(struct context *c, bool rang_out)
{
    unsigned status;

    if (!c->leg.number[0] || c->cancelled)
        return false;
    status = divert_outcome(c, c->best_status, rang_out);
    if (status == 0 || status == 482) /* from here on the new targets' answers count */
        context_restart(c, status);
    return status == 0;
}

void fork_proceed(struct context *c)
{
    bool rang_out = c->impatient;

    if (!c->request.m || c->best_status >= 600)
        targets_stop(&c->targets);
    else
        groups_start(c, &c->request);
    while (c->request.m && !c->open && !c->answered && onward(c, rang_out)) {
        rang_out = false;
        groups_start(c, &c->request);
    }
    if (c->open || c->answered)
        return;
    if (!c->best_status)
        c->best_status = c->cancelled ? 487 : 500;
    context_answer(c);
}

static void fork_started(struct context *c)
{
    c->starting = false;
    if (!c->open && !c->answered)
        fork_proceed(c);
    context_release(c);
}

/* Only a request that may go on elsewhere later is worth its memory. */
static void request_remember(struct context *c, const struct request *r)
{
    bool needed = (c->invite && !r->m->to_tag.n) || c->targets.waiting || c->looks_up;

    for (const struct branch *b = c->branches; b; b = b->next)
        needed |= b->gateway && b->gateway->username.n; /* it may challenge us */
    if (!c->request.m && needed && !request_keep(&c->request, r))
        c->worker->counters.out_of_memory++;
    leg_set(&c->caller, r->user);
}

void fork_start(struct context *c, const struct request *r)
{
    groups_start(c, r);
    if (!c->answered)
        request_remember(c, r);
    fork_started(c);
}
