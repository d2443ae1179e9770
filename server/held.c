/* Refusals that wait for their time. */
#include "server/held.h"

#include <stdlib.h>

#include "server/gate.h"

struct refusal {
    struct table_node node; /* by key */
    struct worker *owner;
    struct hash128 key;
    struct sip_flow from;
    struct sip_message *m; /* kept */
    struct timer due;
};

struct held {
    struct table refusals;
};

enum error held_new(struct worker *w)
{
    struct held *h = calloc(1, sizeof(*h));

    w->held = h;
    if (h && table_init(&h->refusals) == OK)
        return OK;
    free(h);
    w->held = NULL;
    return ERR_MEMORY;
}

static void refusal_free(struct refusal *held)
{
    table_take(&held->owner->held->refusals, &held->node);
    timer_disarm(&held->due);
    free(held->m);
    free(held);
}

static void free_one(struct table_node *node, void *arg)
{
    (void)arg;
    refusal_free((struct refusal *)(void *)node);
}

void held_free(struct worker *w)
{
    if (!w->held)
        return;
    table_each(&w->held->refusals, free_one, NULL);
    table_free(&w->held->refusals);
    free(w->held);
    w->held = NULL;
}

static void on_due(struct timer *timer)
{
    struct refusal *held = TIMER_OWNER(timer, struct refusal, due);
    struct request r = {.m = held->m, .from = held->from};

    if (transport_is_open(held->owner->transport, &held->from)) /* none is opened for it */
        gate_challenge(held->owner, &r, false);
    refusal_free(held);
}

bool held_put(struct worker *w, const struct request *r, uint64_t ms)
{
    struct refusal *held = w->held->refusals.count < HELD_MAX && r->m->bytes.n <= SIP_DATAGRAM_MAX
                               ? calloc(1, sizeof(*held))
                               : NULL;

    if (!held || !(held->m = sip_message_keep(r->m))) {
        free(held);
        return false;
    }
    held->owner = w;
    held->key = server_transaction_key(held->m);
    held->from = r->from;
    table_put(&w->held->refusals, &held->node, held->key.a);
    timer_arm(w->wheel, &held->due, ms, on_due);
    return true;
}

static bool refusal_matches(const struct table_node *node, const void *key)
{
    return memcmp(&((const struct refusal *)(const void *)node)->key, key,
                  sizeof(struct hash128)) == 0;
}

bool held_waits(const struct worker *w, struct hash128 key)
{
    return w->held->refusals.count &&
           table_find(&w->held->refusals, key.a, refusal_matches, &key) != NULL;
}
