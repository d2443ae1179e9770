/* The table of calls. Those that stand are found by their dialog and kept in the order in which
 * they were answered. */
#include "server/calls.h"

#include <stdlib.h>

#include "server/anchor.h"
#include "server/history.h"
#include "server/keepalive.h"
#include "server/media_link.h"

#define CALLS_MAX     100000
#define STRANGERS_MAX (CALLS_MAX / 2)       /* so that they crowd out nobody's count */
#define LIFE          (12 * 3600 * 1000ull) /* ms */
#define SWEEP         10000                 /* ms between two looks at the calls ... */
#define SLICE         10000                 /* ... at so many of them */

/* Somebody with calls. By the hash of his name: the user may be removed, or come again. */
struct caller {
    struct table_node node;
    uint32_t entries; /* that point here */
    uint32_t calls;   /* of them, those that count */
};

struct call {
    struct table_node node;   /* by dialog */
    struct call *next, *prev; /* by age */
    struct caller *caller;    /* NULL: a stranger */
    struct gateway *gateway;  /* NULL: none */
    uint64_t answered;        /* ms */
    struct ticket *ticket;    /* NULL: there was no memory */
    struct sip_flow ends[2];
    bool stands, cancelled;
};

struct calls {
    struct worker *worker;
    struct table dialogs, callers;
    struct call *oldest, *newest;
    struct call *cursor; /* the next to be looked at; NULL: the oldest */
    uint64_t places;     /* of tickets, so far */
    size_t entries;      /* standing or not */
    struct timer sweep;
};

enum error calls_new(struct worker *w)
{
    enum error error;

    w->calls = calloc(1, sizeof(*w->calls));
    if (!w->calls)
        return ERR_MEMORY;
    w->calls->worker = w;
    error = table_init(&w->calls->dialogs);
    return error == OK ? table_init(&w->calls->callers) : error;
}

static void call_drop(struct worker *w, struct call *call);

void calls_free(struct worker *w)
{
    if (!w->calls)
        return;
    while (w->calls->oldest)
        call_drop(w, w->calls->oldest);
    timer_disarm(&w->calls->sweep);
    table_free(&w->calls->dialogs);
    table_free(&w->calls->callers);
    free(w->calls);
    w->calls = NULL;
}

struct calls_counts calls_counts(const struct worker *w)
{
    size_t standing = w->calls->dialogs.count;

    return (struct calls_counts){standing, w->calls->entries - standing};
}

static uint64_t caller_hash(struct view number, struct view domain)
{
    return hash_view(number) * 3 ^ hash_view(domain);
}

static struct caller *caller_find(const struct calls *calls, uint64_t hash)
{
    return (void *)table_find(&calls->callers, hash, NULL, NULL);
}

static struct caller *caller_enter(struct calls *calls, struct view number, struct view domain)
{
    uint64_t hash = caller_hash(number, domain);
    struct caller *caller = caller_find(calls, hash);

    if (!caller) {
        caller = calloc(1, sizeof(*caller));
        if (!caller)
            return NULL;
        table_put(&calls->callers, &caller->node, hash);
    }
    caller->entries++;
    caller->calls++;
    return caller;
}

static void caller_leave(struct calls *calls, const struct call *call)
{
    struct caller *caller = call->caller;

    if (!caller)
        return;
    caller->calls -= !call->cancelled;
    if (--caller->entries)
        return;
    table_take(&calls->callers, &caller->node);
    free(caller);
}

bool calls_are_enough(const struct worker *w, const struct user *u)
{
    const struct caller *caller =
        u->max_calls ? caller_find(w->calls, caller_hash(user_number(u), user_domain(u))) : NULL;

    return caller && caller->calls >= u->max_calls;
}

/* number empty: a stranger's. */
static struct call *call_new(struct worker *w, struct view number, struct view domain)
{
    struct call *call;

    if (w->calls->entries >= (number.n ? CALLS_MAX : STRANGERS_MAX))
        return NULL;
    call = calloc(1, sizeof(*call));
    if (!call || (number.n && !(call->caller = caller_enter(w->calls, number, domain)))) {
        w->counters.out_of_memory++;
        free(call);
        return NULL;
    }
    w->calls->entries++;
    return call;
}

struct call *call_begin(struct worker *w, const struct request *r)
{
    struct call *call = call_new(w, r->user ? user_number(r->user) : VIEW(""),
                                 r->user ? user_domain(r->user) : VIEW(""));

    if (call)
        call->ticket = ticket_new(r);
    return call;
}

struct ticket *call_ticket(const struct call *call)
{
    return call ? call->ticket : NULL;
}

void call_cancel(struct call *call)
{
    if (!call || call->cancelled)
        return;
    call->cancelled = true;
    if (call->caller)
        call->caller->calls--;
}

/* Is a phone gone: its connection is no more, or it does not answer keep-alives? When a sip role
 * dies, connections end with it while the phones talk on: then their audio tells more. */
static bool is_gone(const struct worker *w, const struct call *call, const struct sip_flow *end)
{
    bool heard = call->ticket && call->ticket->session;

    return (!heard && !transport_is_open(w->transport, end)) || keepalive_is_dead(w, end);
}

/* No BYE will come. One phone that is left will send it, sooner or later. */
static bool is_lost(const struct worker *w, const struct call *call)
{
    return is_gone(w, call, &call->ends[0]) && is_gone(w, call, &call->ends[1]);
}

static void on_sweep(struct timer *timer)
{
    struct calls *calls = TIMER_OWNER(timer, struct calls, sweep);
    struct worker *w = calls->worker;

    while (calls->oldest && clock_ms() - calls->oldest->answered >= LIFE)
        call_end(w, calls->oldest, END_SERVER);
    for (size_t n = calls->dialogs.count < SLICE ? calls->dialogs.count : SLICE; n; n--) {
        struct call *call = calls->cursor ? calls->cursor : calls->oldest;

        calls->cursor = call->next;
        if (is_lost(w, call))
            call_end(w, call, END_LOST);
    }
    if (calls->oldest)
        timer_arm(w->wheel, &calls->sweep, SWEEP, on_sweep);
}

static void call_link(struct calls *calls, struct call *call)
{
    call->prev = calls->newest;
    *(call->prev ? &call->prev->next : &calls->oldest) = call;
    calls->newest = call;
}

static void call_unlink(struct calls *calls, struct call *call)
{
    *(call->prev ? &call->prev->next : &calls->oldest) = call->next;
    *(call->next ? &call->next->prev : &calls->newest) = call->prev;
    if (calls->cursor == call)
        calls->cursor = call->next;
}

static struct call *call_of(const struct worker *w, uint64_t dialog)
{
    return (void *)table_find(&w->calls->dialogs, dialog, NULL, NULL);
}

/* Another call has the dialog's names. The same one, that has come by twice (a spiral), is none. */
static void other_end(struct worker *w, uint64_t dialog)
{
    struct call *other = call_of(w, dialog);

    if (other && !(other->ticket && other->ticket->session))
        call_drop(w, other);
    else if (other)
        call_end(w, other, END_LOST);
}

/* From now on the table owns it. */
static void call_stand(struct worker *w, struct call *call, uint64_t dialog)
{
    struct calls *calls = w->calls;

    other_end(w, dialog);
    call->stands = true;
    call->answered = clock_ms();
    if (call->ticket)
        call->ticket->place = ++calls->places;
    table_put(&calls->dialogs, &call->node, dialog);
    call_link(calls, call);
    if (!timer_armed(&calls->sweep))
        timer_arm(w->wheel, &calls->sweep, SWEEP, on_sweep);
}

/* What the media role is to know, for a sip role that is started again. */
static void ticket_keep(struct worker *w, const struct ticket *t)
{
    if (t && t->session)
        media_link_record(w, t);
}

void call_answer(struct worker *w, struct call *call, const struct sip_message *m,
                 const struct sip_flow *caller, const struct sip_flow *callee, uint64_t session)
{
    if (!call)
        return;
    if (call->cancelled && call->caller)
        call->caller->calls++;
    call->cancelled = false;
    call->ends[0] = *caller;
    call->ends[1] = *callee;
    call_stand(w, call, call_dialog(m));
    if (!call->ticket)
        return;
    call->ticket->session = anchor_own(w, session, m->to_tag) ? session : 0;
    ticket_answer(call->ticket, w, m, caller, callee);
    ticket_keep(w, call->ticket);
    if (session)
        media_link_hurry(w); /* before the phones hear of the answer */
}

void call_adopt(struct worker *w, struct ticket *ticket)
{
    struct call *call = NULL;

    /* two media roles may tell of it, one after the other */
    if (!call_of(w, ticket_dialog(ticket)))
        call = call_new(w, ticket_text(ticket, TICKET_NUMBER), ticket_text(ticket, TICKET_DOMAIN));
    if (!call) {
        ticket_free(ticket);
        return;
    }
    call->ticket = ticket;
    call->ends[0] = ticket->flows[0];
    call->ends[1] = ticket->flows[1];
    call_stand(w, call, ticket_dialog(ticket));
}

void call_seen(struct worker *w, const struct request *r)
{
    struct call *call = call_of(w, call_dialog(r->m));

    if (!call || !call->ticket)
        return;
    ticket_seen(call->ticket, r);
    ticket_keep(w, call->ticket);
}

struct call *call_find(const struct worker *w, uint64_t id)
{
    for (struct call *call = w->calls->oldest; call; call = call->next)
        if (call->ticket && call->ticket->id == id)
            return call;
    return NULL;
}

void calls_each(const struct worker *w, uint64_t after, bool (*each)(void *arg, struct ticket *t),
                void *arg)
{
    for (const struct call *call = w->calls->oldest; call; call = call->next)
        if (call->ticket && call->ticket->place > after && !each(arg, call->ticket))
            return;
}

void call_remember(struct worker *w, uint64_t session)
{
    const struct call *call = call_find_session(w, session);

    if (call)
        ticket_keep(w, call->ticket);
}

struct call *call_find_session(const struct worker *w, uint64_t session)
{
    for (struct call *call = w->calls->oldest; call && session; call = call->next)
        if (call->ticket && call->ticket->session == session)
            return call;
    return NULL;
}

static void call_drop(struct worker *w, struct call *call)
{
    if (call->stands) {
        call_unlink(w->calls, call);
        table_take(&w->calls->dialogs, &call->node);
    }
    w->calls->entries--;
    calls_gateway_leave(call);
    caller_leave(w->calls, call);
    ticket_free(call->ticket);
    free(call);
}

void call_end(struct worker *w, struct call *call, enum ticket_end end)
{
    struct ticket *t = call_ticket(call);

    if (!call)
        return;
    call->ticket = NULL;
    if (t)
        t->end = end;
    history_add(w, t);
    call_drop(w, call);
}

uint64_t dialog_hash(struct view call_id, struct view tag, struct view other_tag)
{
    return hash_view(call_id) * 3 ^ (hash_view(tag) + hash_view(other_tag));
}

/* The tags are added: either side may speak. */
uint64_t call_dialog(const struct sip_message *m)
{
    return dialog_hash(m->call_id, m->from_tag, m->to_tag);
}

void call_end_dialog(struct worker *w, uint64_t dialog, enum ticket_end end)
{
    call_end(w, call_of(w, dialog), end);
}

bool calls_gateway_free(const struct gateway *g)
{
    return !g->max_calls || g->calls < g->max_calls;
}

void calls_gateway_take(struct call *call, struct gateway *g)
{
    if (!call)
        return;
    calls_gateway_leave(call);
    call->gateway = g;
    g->calls++;
}

void calls_gateway_leave(struct call *call)
{
    if (!call || !call->gateway)
        return;
    call->gateway->calls--;
    call->gateway = NULL;
}
