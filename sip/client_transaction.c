/* The client transaction: RFC 3261 17.1 with the Accepted state of RFC 6026. */
#include <stdlib.h>
#include <string.h>

#include "sip/transactions.h"

enum state { CALLING, PROCEEDING, ACCEPTED, COMPLETED };

struct client_transaction {
    struct table_node node;
    struct transactions *owner;
    uint64_t branch;
    struct timer end, again; /* B, D, F, K, M; A, E */
    struct sip_flow flow;
    char *request;
    uint32_t request_size;
    char *ack; /* kept for the answer's retransmissions */
    uint32_t ack_size;
    uint16_t interval; /* of timer A or E, ms */
    uint8_t state;
    uint8_t method;               /* enum sip_method */
    bool broken;                  /* the first send failed */
    const struct client_ops *ops; /* NULL: orphaned */
    void *user;
};

struct branch_key {
    uint64_t branch;
    bool cancel;
};

static bool branch_matches(const struct table_node *node, const void *key)
{
    const struct client_transaction *c = (const void *)node;
    const struct branch_key *k = key;

    return c->branch == k->branch && (c->method == METHOD_CANCEL) == k->cancel;
}

static void number_write(struct text *t, uint64_t number, int bits)
{
    for (int shift = bits - 8; shift >= 0; shift -= 8) {
        uint8_t byte = (uint8_t)(number >> shift);

        text_hex(t, &byte, 1);
    }
}

static uint64_t number_read(const uint8_t *bytes, size_t n)
{
    uint64_t number = 0;

    while (n-- > 0)
        number = number << 8 | *bytes++;
    return number;
}

uint64_t branch_new(uint32_t loop, char out[BRANCH_SIZE + 1])
{
    static uint8_t key[16];
    static uint64_t counter;
    struct text t = {.p = out, .size = BRANCH_SIZE};
    uint64_t number;

    if (!counter)
        random_bytes(key, sizeof(key));
    counter++;
    number = hash_keyed64(key, (struct view){(const char *)&counter, sizeof(counter)});
    text_string(&t, "z9hG4bK");
    number_write(&t, number, 64);
    number_write(&t, loop, 32);
    out[t.n] = 0;
    return number;
}

bool branch_read(struct view branch, uint64_t *number, uint32_t *loop)
{
    uint8_t bytes[12];

    if (branch.n != BRANCH_SIZE || !view_istarts(branch, VIEW("z9hG4bK")) ||
        !hex_take(view_from(branch, 7), bytes, sizeof(bytes)))
        return false;
    *number = number_read(bytes, 8);
    *loop = (uint32_t)number_read(bytes + 8, 4);
    return true;
}

struct client_transaction *client_transaction_find(struct transactions *t,
                                                   const struct sip_message *response)
{
    struct branch_key key = {.cancel = response->method_id == METHOD_CANCEL};
    uint32_t loop;

    if (!branch_read(response->via.branch, &key.branch, &loop))
        return NULL;
    return (void *)table_find(&t->clients, key.branch, branch_matches, &key);
}

static void request_forget(struct client_transaction *c)
{
    free(c->request);
    c->request = NULL;
    c->request_size = 0;
}

void client_transaction_free(struct client_transaction *c)
{
    table_take(&c->owner->clients, &c->node);
    timer_disarm(&c->end);
    timer_disarm(&c->again);
    free(c->request);
    free(c->ack);
    free(c);
}

static void on_end(struct timer *timer)
{
    struct client_transaction *c = TIMER_OWNER(timer, struct client_transaction, end);
    const struct client_ops *ops = c->ops;
    void *user = c->user;
    unsigned status = c->broken ? 503 : c->state < ACCEPTED ? 408 : 0;

    client_transaction_free(c);
    if (ops && status)
        ops->failed(user, status);
    if (ops)
        ops->ended(user);
}

static void end_in(struct client_transaction *c, uint64_t ms)
{
    timer_arm(c->owner->wheel, &c->end, ms, on_end);
}

static enum error request_send(struct client_transaction *c)
{
    return c->owner->link->send(c->owner->link->self, &c->flow,
                                (struct view){c->request, c->request_size});
}

static void on_again(struct timer *timer)
{
    struct client_transaction *c = TIMER_OWNER(timer, struct client_transaction, again);

    c->owner->retransmissions++;
    (void)request_send(c);
    if (c->method == METHOD_INVITE)
        c->interval = c->interval < 32000 ? c->interval * 2 : c->interval;
    else if (c->state == PROCEEDING)
        c->interval = TIMER_T2;
    else
        c->interval = c->interval * 2 < TIMER_T2 ? c->interval * 2 : TIMER_T2;
    timer_arm(c->owner->wheel, &c->again, c->interval, on_again);
}

enum error client_transaction_new(struct client_transaction **out, struct transactions *t,
                                  const struct sip_flow *flow, enum sip_method method,
                                  uint64_t branch, struct view request,
                                  const struct client_ops *ops, void *user)
{
    struct client_transaction *c = calloc(1, sizeof(*c));
    char *copy = malloc(request.n);

    *out = c;
    if (!c || !copy) {
        free(c);
        free(copy);
        *out = NULL;
        return ERR_MEMORY;
    }
    memcpy(copy, request.p, request.n);
    *c = (struct client_transaction){.owner = t,
                                     .branch = branch,
                                     .flow = *flow,
                                     .request = copy,
                                     .request_size = (uint32_t)request.n,
                                     .interval = TIMER_T1,
                                     .method = (uint8_t)method,
                                     .ops = ops,
                                     .user = user};
    table_put(&t->clients, &c->node, branch);
    end_in(c, 64 * TIMER_T1); /* timer B or F */
    if (request_send(c) != OK) {
        c->broken = true; /* told from the wheel, so that nobody is called back from here */
        end_in(c, 1);
    } else if (!flow_is_reliable(flow)) {
        timer_arm(t->wheel, &c->again, TIMER_T1, on_again); /* timer A or E */
    }
    return OK;
}

static void ack_send(struct client_transaction *c)
{
    if (c->ack_size)
        (void)c->owner->link->send(c->owner->link->self, &c->flow,
                                   (struct view){c->ack, c->ack_size});
}

static void ack_make(struct client_transaction *c, const struct sip_message *answer)
{
    static __thread char buffer[SIP_OUT_MAX];
    static __thread struct sip_message invite;
    struct text out = TEXT(buffer);

    if (sip_message_parse(&invite, (struct view){c->request, c->request_size}) != OK)
        return;
    ack_write(&out, &invite, answer);
    c->ack = out.full ? NULL : view_dup(text_done(&out));
    c->ack_size = c->ack ? (uint32_t)out.n : 0;
    ack_send(c);
}

static void tell(struct client_transaction *c, const struct sip_message *response)
{
    if (c->ops)
        c->ops->response(c->user, response);
}

static void provisional(struct client_transaction *c, const struct sip_message *response)
{
    if (c->state >= ACCEPTED)
        return;
    c->state = PROCEEDING;
    if (c->method == METHOD_INVITE) {
        timer_disarm(&c->again);
        timer_disarm(&c->end); /* from here on timer C of the proxy watches */
    }
    tell(c, response);
}

static void invite_final(struct client_transaction *c, const struct sip_message *response)
{
    bool success = response->status < 300;

    if (c->state == COMPLETED) {
        if (!success)
            ack_send(c);
        return;
    }
    if (c->state == ACCEPTED) {
        if (success)
            tell(c, response);
        return;
    }
    timer_disarm(&c->again);
    if (success) {
        c->state = ACCEPTED;
        end_in(c, 64 * TIMER_T1); /* timer M */
    } else {
        c->state = COMPLETED;
        ack_make(c, response);
        end_in(c, flow_is_reliable(&c->flow) ? 1 : 64 * TIMER_T1); /* timer D */
    }
    request_forget(c);
    tell(c, response);
}

static void other_final(struct client_transaction *c, const struct sip_message *response)
{
    if (c->state == COMPLETED)
        return;
    c->state = COMPLETED;
    timer_disarm(&c->again);
    end_in(c, flow_is_reliable(&c->flow) ? 1 : TIMER_T4); /* timer K */
    request_forget(c);
    tell(c, response);
}

void client_transaction_receive(struct client_transaction *c, const struct sip_message *response)
{
    if (response->status < 200)
        provisional(c, response);
    else if (c->method == METHOD_INVITE)
        invite_final(c, response);
    else
        other_final(c, response);
}

struct view client_transaction_request(const struct client_transaction *c)
{
    return (struct view){c->request, c->request_size};
}

const struct sip_flow *client_transaction_flow(const struct client_transaction *c)
{
    return &c->flow;
}

uint64_t client_transaction_branch(const struct client_transaction *c)
{
    return c->branch;
}

bool client_transaction_is_own(const struct client_transaction *c)
{
    return c->ops && c->ops->own;
}

void client_transaction_orphan(struct client_transaction *c)
{
    c->ops = NULL;
    c->user = NULL;
    if (!timer_armed(&c->end)) /* proceeding: nobody runs timer C for it any more */
        end_in(c, 64 * TIMER_T1);
}

static void fail_one(struct table_node *node, void *arg)
{
    struct client_transaction *c = (struct client_transaction *)(void *)node;

    if (c->state < ACCEPTED && flow_same_peer(&c->flow, arg)) {
        c->broken = true;
        end_in(c, 1);
    }
}

void client_transactions_fail(struct transactions *t, const struct sip_flow *flow)
{
    struct sip_flow copy = *flow;

    table_each(&t->clients, fail_one, &copy);
}

static void refuse_one(struct table_node *node, void *arg)
{
    struct client_transaction *c = (struct client_transaction *)(void *)node;

    if (c->state == CALLING)
        fail_one(node, arg);
}

void client_transactions_refuse(struct transactions *t, const struct sip_flow *flow)
{
    struct sip_flow copy = *flow;

    table_each(&t->clients, refuse_one, &copy);
}

static void clear_one(struct table_node *node, void *arg)
{
    (void)arg;
    client_transaction_free((struct client_transaction *)(void *)node);
}

void client_transactions_clear(struct transactions *t)
{
    table_each(&t->clients, clear_one, NULL);
}
