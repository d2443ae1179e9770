/* Questions: asked, waiting, answered. All is done from the loop, one question after the other. */
#include "sip/resolver.h"

#include <event2/event.h>
#include <stdlib.h>

#include "sip/resolver_inside.h"

#define HOSTS      "/etc/hosts"
#define ROUNDS_MAX 8 /* of lookups; 3 are enough unless the cache is too small */

enum error resolver_new(struct resolver **out, const struct sip_flow *servers, unsigned count)
{
    struct resolver *r = calloc(1, sizeof(*r));
    struct dns_hosts *hosts = NULL;
    enum error error = r ? dns_hosts_read(&hosts, HOSTS) : ERR_MEMORY;

    *out = NULL;
    if (error == OK && (error = dns_channel_new(&r->channel, servers, count)) != OK)
        dns_hosts_free(hosts);
    if (error == OK)
        error = dns_lookups_new(&r->lookups, r->channel, hosts);
    if (error != OK) {
        free(r);
        return error;
    }
    r->ready_last = &r->ready;
    *out = r;
    return OK;
}

/* the list of those that have something to do */

static void ready_put(struct resolver_query *q)
{
    struct resolver *r = q->r;

    if (q->ready)
        return;
    q->ready = true;
    q->ready_next = NULL;
    *r->ready_last = q;
    r->ready_last = &q->ready_next;
    event_active(r->soon, EV_TIMEOUT, 0);
}

static void ready_take(struct resolver_query *q)
{
    struct resolver *r = q->r;
    struct resolver_query **link = &r->ready;

    if (!q->ready)
        return;
    while (*link != q)
        link = &(*link)->ready_next;
    *link = q->ready_next;
    if (!*link)
        r->ready_last = link;
    q->ready = false;
}

/* questions */

static void query_free(struct resolver_query *q)
{
    timer_disarm(&q->limit);
    for (unsigned i = 0; i < WAITERS_MAX; i++)
        dns_waiter_leave(&q->waiters[i]);
    ready_take(q);
    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    q->r->count--;
    free(q);
}

void resolver_cancel(struct resolver_query *q)
{
    query_free(q);
}

void resolver_free(struct resolver *r)
{
    if (!r)
        return;
    while (r->queries)
        query_free(r->queries);
    dns_lookups_free(r->lookups);
    if (r->soon)
        event_free(r->soon);
    free(r);
}

static void on_known(struct dns_waiter *w)
{
    struct resolver_query *q = w->arg;

    if (!--q->pending)
        ready_put(q);
}

bool resolver_wait(struct resolver_query *q, const char *name, enum dns_type type)
{
    struct dns_waiter *w = &q->waiters[q->waiter_count];

    if (q->late || q->rounds > ROUNDS_MAX || q->waiter_count == WAITERS_MAX)
        return false;
    *w = (struct dns_waiter){.done = on_known, .arg = q};
    q->pending++;
    if (dns_lookups_wait(q->r->lookups, name, type, w) != OK) {
        q->pending--;
        return false;
    }
    q->waiter_count++;
    return true;
}

static void on_limit(struct timer *t)
{
    struct resolver_query *q = TIMER_OWNER(t, struct resolver_query, limit);

    q->late = true;
    ready_put(q);
}

static void query_advance(struct resolver_query *q)
{
    struct resolver_result result;
    resolver_done *done = q->done;
    void *user = q->user;

    if (q->pending && !q->late) /* it will be ready again */
        return;
    q->rounds++;
    q->waiter_count = 0;
    if (resolver_search(q, &result)) {
        query_free(q);
        done(user, result.list, result.count, result.error);
    } else if (!q->pending) { /* all that was asked for is known already */
        ready_put(q);
    }
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    struct resolver *r = arg;

    (void)fd;
    (void)what;
    clock_update();
    dns_lookups_resume(r->lookups);
    for (unsigned i = r->count; i && r->ready; i--) {
        struct resolver_query *q = r->ready;

        ready_take(q);
        query_advance(q);
    }
    if (r->ready)
        event_active(r->soon, EV_TIMEOUT, 0);
    r->options.handler.turned(r->options.handler.arg);
}

/* what comes from outside */

static bool on_want_socket(void *arg, uint8_t family, bool stream)
{
    const struct dns_channel_handler *h = &((struct resolver *)arg)->options.handler;

    return h->want_socket(h->arg, family, stream);
}

static void on_ready(void *arg)
{
    struct resolver *r = arg;

    event_active(r->soon, EV_TIMEOUT, 0);
}

static void on_turned(void *arg)
{
    const struct dns_channel_handler *h = &((struct resolver *)arg)->options.handler;

    h->turned(h->arg);
}

enum error resolver_open(struct resolver *r, struct event_base *base, struct wheel *wheel,
                         const struct resolver_options *options)
{
    const struct dns_channel_handler handler = {on_want_socket, on_ready, on_turned, r};

    r->base = base;
    r->wheel = wheel;
    r->options = *options;
    r->soon = event_new(base, -1, 0, on_soon, r);
    return r->soon ? dns_channel_open(r->channel, base, &handler) : ERR_MEMORY;
}

bool resolver_is_crowded(const struct resolver *r)
{
    return r && r->count >= RESOLVER_QUERIES_MAX / 4 * 3;
}

struct resolver_query *resolver_ask(struct resolver *r, const struct resolver_target *target,
                                    resolver_done *done, void *user)
{
    struct resolver_query *q = r && r->count < RESOLVER_QUERIES_MAX ? calloc(1, sizeof(*q)) : NULL;

    if (!q)
        return NULL;
    *q = (struct resolver_query){.r = r, .done = done, .user = user, .target = *target};
    q->target.host = VIEW_NONE;
    q->target.secure |= target->transport_given && target->transport == FLOW_TLS;
    if (!flow_set_address(&q->numeric, target->host) && !dns_name_set(q->name, target->host))
        q->name[0] = 0;
    q->begun = clock_ms();
    q->seed = r->options.random(r->options.handler.arg);
    q->next = r->queries;
    q->link = &r->queries;
    if (q->next)
        q->next->link = &q->next;
    r->queries = q;
    r->count++;
    timer_arm(r->wheel, &q->limit, RESOLVER_LIMIT, on_limit);
    ready_put(q);
    return q;
}

void resolver_failed(struct resolver *r, const struct sip_flow *flow, unsigned seconds)
{
    if (r)
        failing_note(&r->failing, flow, seconds);
}

void resolver_give_socket(struct resolver *r, uint8_t family, bool stream, int fd)
{
    dns_channel_give(r->channel, family, stream, fd);
}

struct dns_counts resolver_counts(const struct resolver *r)
{
    return r ? *dns_lookups_counts(r->lookups) : (struct dns_counts){0};
}
