/* The hired threads as the transport sees them: who holds which connection, and what they tell. */
#include "sip/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JUDGE_MS     250
#define BUSY_PERCENT 60 /* from where on others send the transport's datagrams */
#define CALM_PERCENT 35 /* and until when */

struct hired {
    struct crew *crew;
    struct mailbox *inbox, *outbox; /* what it says, what it is told; the latter is the hand's */
    struct hand *hand;              /* the thread's, while it runs */
    pthread_t thread;
    bool runs;
    struct crew_report report; /* the last one */
    uint64_t taken; /* bytes of its messages that were dealt with, not told by CREW_TAKEN yet */
};

/* A connection that a hired thread has accepted. */
struct home {
    struct table_node node; /* by peer */
    struct sip_flow flow;
    struct hired *holder;
};

struct crew {
    struct transport *owner;
    struct timer judge;
    uint64_t judged; /* ms of the clock, and of the processor's time: when it was last judged */
    uint64_t worked;
    bool busy; /* the transport's thread */
    struct table homes;
    unsigned count;
    struct hired hired[];
};

enum error crew_tell(struct mailbox *m, enum crew_message type, const struct sip_flow *flow,
                     struct view bytes)
{
    return mailbox_post(m, (uint16_t)type, 0, (struct view){(const char *)flow, sizeof(*flow)},
                        bytes);
}

bool crew_flow(struct sip_flow *out, struct view *body)
{
    if (body->n < sizeof(*out))
        return false;
    memcpy(out, body->p, sizeof(*out));
    *body = view_from(*body, sizeof(*out));
    return true;
}

static uint64_t home_hash(const struct sip_flow *flow)
{
    uint8_t peer[20] = {flow->transport, flow->family, (uint8_t)(flow->port >> 8),
                        (uint8_t)flow->port};

    memcpy(peer + 4, flow->address, sizeof(flow->address));
    return hash_view((struct view){(const char *)peer, sizeof(peer)});
}

struct home_key {
    const struct sip_flow *flow;
    const struct hired *holder; /* NULL: whoever */
};

static bool home_matches(const struct table_node *node, const void *key)
{
    const struct home *home = (const void *)node;
    const struct home_key *k = key;

    return flow_same_peer(&home->flow, k->flow) && (!k->holder || home->holder == k->holder);
}

/* A peer may have connections to several addresses of ours, and so to several threads. */
static struct home *home_find(const struct crew *c, const struct sip_flow *flow,
                              const struct hired *holder)
{
    struct home_key key = {flow, holder};

    return (void *)table_find(&c->homes, home_hash(flow), home_matches, &key);
}

struct hired *crew_find(const struct crew *c, const struct sip_flow *flow)
{
    const struct home *home = home_find(c, flow, NULL);

    return home ? home->holder : NULL;
}

struct hired *crew_share(struct crew *c, const struct sip_flow *flow)
{
    uint64_t turn = c->busy ? home_hash(flow) % (c->count + 1) : 0;

    return turn ? &c->hired[turn - 1] : NULL;
}

void crew_judge(struct crew *c, unsigned percent)
{
    c->busy = percent >= (c->busy ? CALM_PERCENT : BUSY_PERCENT);
}

static uint64_t worked_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void on_judge(struct timer *timer)
{
    struct crew *c = TIMER_OWNER(timer, struct crew, judge);
    uint64_t now = clock_ms(), worked = worked_ms();

    if (now > c->judged)
        crew_judge(c, (unsigned)((worked - c->worked) * 100 / (now - c->judged)));
    c->judged = now;
    c->worked = worked;
    timer_arm(c->owner->wheel, &c->judge, JUDGE_MS, on_judge);
}

enum error hired_send(struct hired *h, const struct sip_flow *flow, struct view bytes)
{
    return crew_tell(h->outbox, CREW_SEND, flow, bytes) == OK ? OK : ERR_CLOSED;
}

void hired_keep(struct hired *h, const struct sip_flow *flow)
{
    (void)crew_tell(h->outbox, CREW_KEEP, flow, VIEW_NONE);
}

static void accepted_take(struct hired *h, const struct sip_flow *flow)
{
    const struct transport_handler *t = &h->crew->owner->handler;
    struct home *home = calloc(1, sizeof(*home));

    bool admitted = home && (!t->admit || t->admit(t->arg, flow));

    (void)crew_tell(h->outbox, admitted ? CREW_ADMIT : CREW_CLOSE, flow, VIEW_NONE);
    if (!home)
        return;
    home->flow = *flow;
    home->holder = h;
    table_put(&h->crew->homes, &home->node, home_hash(flow));
}

static void broken_take(struct hired *h, const struct sip_flow *flow)
{
    const struct transport_handler *t = &h->crew->owner->handler;
    struct home *home = flow_is_reliable(flow) ? home_find(h->crew, flow, h) : NULL;

    if (home) {
        table_take(&h->crew->homes, &home->node);
        free(home);
    }
    if (!flow_is_reliable(flow) || !transport_is_open(h->crew->owner, flow))
        t->broken(t->arg, flow);
}

static void report_take(struct hired *h, struct view body)
{
    if (body.n == sizeof(h->report))
        memcpy(&h->report, body.p, sizeof(h->report));
}

static void on_letter(void *arg, const struct letter *l)
{
    struct hired *h = arg;
    const struct transport_handler *t = &h->crew->owner->handler;
    struct view body = l->body;
    struct sip_flow flow;

    if (l->type == CREW_REPORT) {
        report_take(h, body);
        return;
    }
    if (!crew_flow(&flow, &body))
        return;
    if (l->type == CREW_RECEIVED) {
        h->taken += body.n;
        t->message(t->arg, &flow, body);
    } else if (l->type == CREW_ACCEPTED)
        accepted_take(h, &flow);
    else if (l->type == CREW_BROKEN)
        broken_take(h, &flow);
    else if (l->type == CREW_REFUSED && t->refused)
        t->refused(t->arg, &flow);
}

static void on_emptied(void *arg)
{
    struct hired *h = arg;
    const struct transport_handler *t = &h->crew->owner->handler;

    /* told in quarters, so that it never stands still at its limit */
    if (h->taken >= CREW_AHEAD / 4 &&
        mailbox_post(h->outbox, CREW_TAKEN, h->taken, VIEW_NONE, VIEW_NONE) == OK)
        h->taken = 0;
    t->turned(t->arg);
}

/* Signals are for the first thread. */
static bool thread_begin(struct hired *h)
{
    sigset_t all, before;
    bool begun;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    begun = pthread_create(&h->thread, NULL, hand_run, h->hand) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return begun;
}

static enum error hired_new(struct hired *h, struct crew *c)
{
    struct mailbox_handler handler = {.letter = on_letter, .emptied = on_emptied, .arg = h};
    enum error error;

    h->crew = c;
    error = mailbox_new(&h->inbox, c->owner->base, &handler);
    if (error == OK)
        error = hand_new(&h->hand, c->owner, h->inbox);
    if (error == OK)
        h->outbox = hand_mailbox(h->hand);
    return error;
}

enum error crew_begin(struct crew *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        c->hired[i].runs = thread_begin(&c->hired[i]);
        if (!c->hired[i].runs)
            return ERR_SYSTEM;
    }
    return OK;
}

enum error crew_new(struct crew **out, struct transport *owner, unsigned count)
{
    struct crew *c = calloc(1, sizeof(*c) + count * sizeof(*c->hired));
    enum error error = ERR_MEMORY;

    *out = NULL;
    if (!c || table_init(&c->homes) != OK) {
        free(c);
        return ERR_MEMORY;
    }
    c->owner = owner;
    (void)hash_view(VIEW_NONE); /* makes its key before there are threads */
    for (error = OK; c->count < count && error == OK; c->count++)
        error = hired_new(&c->hired[c->count], c);
    if (error == OK) {
        *out = c;
        on_judge(&c->judge);
    } else {
        crew_free(c);
    }
    return error;
}

/* What its connections have not taken yet is lost. */
static void hired_end(struct hired *h)
{
    if (h->runs) {
        mailbox_close(h->outbox);
        pthread_join(h->thread, NULL);
    }
    if (h->hand)
        hand_free(h->hand);
    mailbox_free(h->inbox);
}

static void home_free(struct table_node *node, void *arg)
{
    (void)arg;
    free(node);
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    timer_disarm(&c->judge);
    for (unsigned i = 0; i < c->count; i++)
        hired_end(&c->hired[i]);
    table_each(&c->homes, home_free, NULL);
    table_free(&c->homes);
    free(c);
}

unsigned crew_count(const struct crew *c)
{
    return c->count;
}

enum error crew_listen(struct crew *c, unsigned thread, int fd, enum flow_transport transport,
                       const struct sockaddr *bound, unsigned index)
{
    return hand_listen(c->hired[thread - 1].hand, fd, transport, bound, index);
}

void crew_set_tls(struct crew *c, const struct tls *tls)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct tls *own = tls_share(tls);

        if (!own || mailbox_post(c->hired[i].outbox, CREW_TLS, 0,
                                 (struct view){(const char *)&own, sizeof(own)}, VIEW_NONE) != OK) {
            log_error("no memory for a worker's certificate; it keeps the one it has");
            tls_free(own);
        }
    }
}

struct transport_counts crew_counts(const struct crew *c, unsigned thread)
{
    return c->hired[thread - 1].report.counts;
}

uint64_t crew_lag(const struct crew *c)
{
    uint64_t lag = 0;

    for (unsigned i = 0; i < c->count; i++)
        if (c->hired[i].report.lag > lag)
            lag = c->hired[i].report.lag;
    return lag;
}
