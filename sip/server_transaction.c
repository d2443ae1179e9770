/* The server transaction: RFC 3261 17.2 with the Accepted state of RFC 6026. */
#include <stdlib.h>
#include <string.h>

#include "sip/transactions.h"

#define SERVERS_MAX 250000 /* each lives for half a minute or more: what a flood may hold */

enum state { TRYING, PROCEEDING, ACCEPTED, COMPLETED, CONFIRMED };

struct server_transaction {
    struct table_node node;
    struct hash128 key;
    struct transactions *owner;
    struct timer end, again; /* H, I, J, L; G */
    struct sip_flow flow;    /* where answers go */
    char *response;
    uint32_t response_size;
    uint32_t credit;   /* bytes that may still go to a sender who has shown nothing */
    uint32_t reserve;  /* of them, kept for the final answer */
    uint16_t interval; /* of timer G, ms */
    uint8_t state;
    bool invite, cancelled;
    server_transaction_ended *ended;
    void *user;
};

static bool key_matches(const struct table_node *node, const void *key)
{
    const struct server_transaction *s = (const void *)node;

    return memcmp(&s->key, key, sizeof(s->key)) == 0;
}

/* Appends v in lower case (7.3.1: tokens do not differ by case) and an end mark. */
static void fold(struct text *out, struct view v)
{
    if (v.n >= out->size - out->n) {
        out->full = true;
        return;
    }
    for (size_t i = 0; i < v.n; i++)
        out->p[out->n++] = v.p[i] >= 'A' && v.p[i] <= 'Z' ? (char)(v.p[i] + 32) : v.p[i];
    out->p[out->n++] = 0;
}

/* 17.2.3: branch, sent-by and method. */
static struct hash128 key_by_branch(const struct sip_message *m, struct view method)
{
    char bytes[2 * SIP_VALUE_MAX + 128];
    struct text key = TEXT(bytes);
    char port[2] = {(char)(m->via.port >> 8), (char)m->via.port};

    text_view(&key, (struct view){port, sizeof(port)});
    text_view(&key, (struct view){method.p, method.n < 64 ? method.n : 64});
    fold(&key, VIEW(""));
    fold(&key, m->via.branch);
    fold(&key, m->via.host);
    return hash_wide(text_done(&key));
}

/* Without the magic cookie: what RFC 2543 peers keep the same, the Request-URI included, so that a
 * spiral is no retransmission. */
static struct hash128 key_by_headers(const struct sip_message *m, struct view method)
{
    const struct view fields[] = {method, m->uri, m->from_tag, m->call_id, m->via.value, m->from};
    struct {
        struct hash128 part[6];
        uint64_t number;
    } k = {.number = m->cseq};

    for (size_t i = 0; i < 6; i++)
        k.part[i] = hash_wide(fields[i]);
    return hash_wide((struct view){(const char *)&k, sizeof(k)});
}

static struct hash128 key_of(const struct sip_message *m, struct view method)
{
    return m->via.magic ? key_by_branch(m, method) : key_by_headers(m, method);
}

static struct view method_class(const struct sip_message *m)
{
    return m->method_id == METHOD_ACK ? VIEW("INVITE") : m->method;
}

struct hash128 server_transaction_key(const struct sip_message *m)
{
    return key_of(m, method_class(m));
}

struct server_transaction *server_transaction_find(const struct transactions *t, struct hash128 key)
{
    return (void *)table_find(&t->servers, key.a, key_matches, &key);
}

struct server_transaction *server_transaction_find_invite(struct transactions *t,
                                                          const struct sip_message *cancel)
{
    return server_transaction_find(t, key_of(cancel, VIEW("INVITE")));
}

enum error server_transaction_new(struct server_transaction **out, struct transactions *t,
                                  struct hash128 key, const struct sip_message *request,
                                  const struct sip_flow *from)
{
    struct server_transaction *s = t->servers.count < SERVERS_MAX ? calloc(1, sizeof(*s)) : NULL;

    *out = s;
    if (!s)
        return ERR_MEMORY;
    s->key = key;
    s->owner = t;
    s->flow = reply_flow(request, from);
    s->invite = request->method_id == METHOD_INVITE;
    s->credit = UINT32_MAX;
    table_put(&t->servers, &s->node, s->key.a);
    return OK;
}

static void transaction_free(struct server_transaction *s)
{
    table_take(&s->owner->servers, &s->node);
    timer_disarm(&s->end);
    timer_disarm(&s->again);
    free(s->response);
    free(s);
}

void server_transaction_drop(struct server_transaction *s)
{
    transaction_free(s);
}

static void on_end(struct timer *timer)
{
    struct server_transaction *s = TIMER_OWNER(timer, struct server_transaction, end);
    server_transaction_ended *ended = s->ended;
    void *user = s->user;

    transaction_free(s);
    if (ended)
        ended(user);
}

static void response_send(struct server_transaction *s)
{
    if (!s->response_size)
        return;
    if (s->credit != UINT32_MAX) {
        if (s->credit < s->response_size + (s->state < ACCEPTED ? s->reserve : 0))
            return;
        s->credit -= s->response_size;
    }
    (void)s->owner->link->send(s->owner->link->self, &s->flow,
                               (struct view){s->response, s->response_size});
}

static void on_again(struct timer *timer)
{
    struct server_transaction *s = TIMER_OWNER(timer, struct server_transaction, again);

    s->owner->retransmissions++;
    response_send(s);
    s->interval = s->interval * 2 < TIMER_T2 ? s->interval * 2 : TIMER_T2;
    timer_arm(s->owner->wheel, &s->again, s->interval, on_again);
}

static void end_in(struct server_transaction *s, uint64_t ms)
{
    timer_arm(s->owner->wheel, &s->end, ms, on_end);
}

static void ack_receive(struct server_transaction *s)
{
    if (s->state != COMPLETED)
        return;
    s->state = CONFIRMED;
    timer_disarm(&s->again);
    free(s->response);
    s->response = NULL;
    s->response_size = 0;
    end_in(s, flow_is_reliable(&s->flow) ? 1 : TIMER_T4); /* timer I */
}

void server_transaction_receive(struct server_transaction *s, const struct sip_message *request,
                                const struct sip_flow *from)
{
    if (request->method_id == METHOD_ACK) {
        ack_receive(s);
        return;
    }
    s->owner->retransmissions++;
    if (s->credit != UINT32_MAX && flow_same_address(from, &s->flow) &&
        request->bytes.n < SIP_STREAM_MAX)
        s->credit += 3 * (uint32_t)request->bytes.n;
    if (s->state != ACCEPTED && s->state != CONFIRMED)
        response_send(s);
}

static bool response_keep(struct server_transaction *s, struct view bytes)
{
    char *copy = malloc(bytes.n);

    if (!copy)
        return false;
    memcpy(copy, bytes.p, bytes.n);
    free(s->response);
    s->response = copy;
    s->response_size = (uint32_t)bytes.n;
    return true;
}

static void final_begin(struct server_transaction *s, bool success)
{
    bool reliable = flow_is_reliable(&s->flow);

    if (s->invite && success) {
        s->state = ACCEPTED;
        end_in(s, 64 * TIMER_T1); /* timer L */
    } else if (s->invite) {
        s->state = COMPLETED;
        s->interval = TIMER_T1;
        if (!reliable)
            timer_arm(s->owner->wheel, &s->again, TIMER_T1, on_again); /* timer G */
        end_in(s, 64 * TIMER_T1);                                      /* timer H */
    } else {
        s->state = COMPLETED;
        end_in(s, reliable ? 1 : 64 * TIMER_T1); /* timer J */
    }
}

void server_transaction_respond(struct server_transaction *s, unsigned status, struct view bytes)
{
    bool success = status >= 200 && status < 300;

    if (s->state >= COMPLETED || (s->state == ACCEPTED && !success))
        return;
    if (status < 200)
        s->state = PROCEEDING;
    else if (s->state != ACCEPTED)
        final_begin(s, success);
    if (!response_keep(s, bytes)) {
        /* without memory for retransmissions: sent once, which is better than never */
        (void)s->owner->link->send(s->owner->link->self, &s->flow, bytes);
    } else {
        response_send(s);
    }
    if (s->state == ACCEPTED) { /* the callee repeats its 2xx, not we (RFC 6026 7.1) */
        free(s->response);
        s->response = NULL;
        s->response_size = 0;
    }
}

void server_transaction_watch(struct server_transaction *s, server_transaction_ended *ended,
                              void *user)
{
    s->ended = ended;
    s->user = user;
}

void *server_transaction_user(const struct server_transaction *s)
{
    return s->user;
}

const struct sip_flow *server_transaction_flow(const struct server_transaction *s)
{
    return &s->flow;
}

void server_transaction_limit(struct server_transaction *s, uint32_t credit)
{
    s->credit = credit;
    s->reserve = credit / 2;
}

bool server_transaction_is_accepted(const struct server_transaction *s)
{
    return s->state == ACCEPTED;
}

void server_transaction_cancel(struct server_transaction *s)
{
    s->cancelled = true;
}

bool server_transaction_is_cancelled(const struct server_transaction *s)
{
    return s->cancelled;
}

static void clear_one(struct table_node *node, void *arg)
{
    (void)arg;
    transaction_free((struct server_transaction *)(void *)node);
}

void server_transactions_clear(struct transactions *t)
{
    table_each(&t->servers, clear_one, NULL);
}
