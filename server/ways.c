/* Ways to a named server: its addresses, tried one after the other (RFC 3263 4.3). */
#include <stdlib.h>

#include "server/context.h"
#include "server/credential.h"

struct ways {
    struct resolver_query *query;      /* NULL once it has ended */
    struct credential_query *question; /* the same: for the answer to the gateway's challenge */
    struct pack answer;                /* that answer, a header line */
    struct hop hop;                    /* its views are the target set's */
    struct sip_flow flows[RESOLVER_ADDRESSES_MAX];
    unsigned count, next;
};

static bool flow_ready(const struct context *c, struct hop *hop)
{
    struct transport *t = c->worker->transport;

    hop->flow.listener = UINT8_MAX;
    if ((c->secure && hop->flow.transport != FLOW_TLS) || transport_reach(t, &hop->flow) != OK ||
        transport_is_self(t, &hop->flow) || (hop->outside && flow_is_local(&hop->flow)))
        return false;
    return hop->flow.transport != FLOW_TLS || !hop->where.host.n /* numeric */ ||
           transport_name(t, &hop->flow, hop->where.host) == OK;
}

/* Another way has another session; the same again keeps it. */
static void session_take(struct branch *b, uint64_t session)
{
    if (b->session != session)
        anchor_close(b->context->worker, b->session);
    b->session = session;
}

/* Sends the request to the next address that can be reached. False: there is none. */
static bool next_send(struct branch *b)
{
    static __thread char buffer[SIP_OUT_MAX];
    struct context *c = b->context;
    struct ways *ways = b->ways;

    while (c->request.m && ways->next < ways->count) {
        struct text out = TEXT(buffer);
        struct hop hop = ways->hop;
        struct forwarded what;

        hop.flow = ways->flows[ways->next++];
        hop.credentials = pack_bytes_view(&ways->answer);
        if (!flow_ready(c, &hop) || fork_write(c, &out, &c->request, &hop, &what) != OK)
            continue;
        session_take(b, what.session);
        if (branch_send(b, &hop.flow, c->request.m->method_id, what.branch, text_done(&out)) == OK)
            return true;
    }
    return false;
}

static void on_found(void *user, const struct resolver_address *list, unsigned count,
                     enum error error)
{
    struct branch *b = user;
    struct context *c = b->context;

    b->ways->query = NULL;
    for (unsigned i = 0; i < count; i++)
        b->ways->flows[i] = list[i].flow;
    b->ways->count = count;
    if (!next_send(b))
        branch_end(b, error == ERR_NOT_FOUND || error == ERR_SYNTAX ? 404 : 503, NULL);
    context_release(c);
}

void branch_aim(struct branch *b, const struct hop *hop)
{
    b->ways = calloc(1, sizeof(*b->ways));
    if (!b->ways)
        return;
    b->ways->hop = *hop;
    b->ways->flows[0] = hop->flow;
    b->ways->next = b->ways->count = hop->flow.family != 0;
}

enum error branch_look_up(struct context *c, const struct hop *hop)
{
    struct branch *b = branch_start(c, hop);

    if (!b)
        return ERR_MEMORY;
    branch_aim(b, hop);
    if (b->ways && (hop->gateway || !resolver_is_crowded(c->worker->resolver)))
        b->ways->query = resolver_ask(c->worker->resolver, &hop->where, on_found, b);
    if (!branch_looks_up(b)) {
        branch_drop(b);
        return ERR_BUSY;
    }
    c->looks_up = true;
    return OK;
}

/* The same request goes to the gateway again, with credentials. */
static void on_answer(void *user, struct view line)
{
    struct branch *b = user;
    struct context *c = b->context;

    b->ways->question = NULL;
    pack_bytes(&b->ways->answer, line.p, line.n);
    if (b->ways->next)
        b->ways->next--;
    if (!line.n || b->ways->answer.error || !next_send(b)) {
        log_warning("gateway %.*s wants credentials that it does not take or that are not known",
                    VIEW_ARG(b->gateway->name));
        branch_end(b, 503, NULL);
    }
    context_release(c);
}

bool branch_answer(struct branch *b, const struct sip_message *m)
{
    struct context *c = b->context;
    struct ways *ways = b->ways;

    if (!b->gateway || !ways || !b->gateway->username.n || !c->request.m || c->cancelled)
        return false;
    if (ways->answer.n) /* they were not good enough */
        return false;
    ways->question =
        credential_ask(c->worker, b->gateway, m, c->request.m->method,
                       ways->hop.uri.n ? ways->hop.uri : c->request.m->uri, on_answer, b);
    return ways->question != NULL;
}

bool branch_fail_over(struct branch *b)
{
    struct context *c = b->context;
    struct branch *other;

    if (!b->ways || c->answered || c->cancelled)
        return false;
    if (b->ways->next)
        resolver_failed(c->worker->resolver, &b->ways->flows[b->ways->next - 1], RESOLVER_AVOID_S);
    if (!branch_has_next(b) || !(other = branch_start(c, &b->ways->hop)))
        return false;
    c->worker->counters.failovers++;
    other->ways = b->ways;
    b->ways = NULL;
    if (next_send(other))
        return true;
    branch_drop(other);
    return false;
}

bool branch_has_next(const struct branch *b)
{
    return b->ways && b->ways->next < b->ways->count;
}

bool branch_looks_up(const struct branch *b)
{
    return b->ways && (b->ways->query || b->ways->question);
}

void branch_ways_free(struct branch *b)
{
    if (!b->ways)
        return;
    if (b->ways->query)
        resolver_cancel(b->ways->query);
    if (b->ways->question)
        credential_cancel(b->ways->question);
    pack_free(&b->ways->answer);
    free(b->ways);
    b->ways = NULL;
}
