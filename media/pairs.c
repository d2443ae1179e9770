/* The pool of pairs, by host address. */
#include "media/pairs.h"

#include <stdlib.h>
#include <unistd.h>

#define HOSTS_MAX 32   /* addresses of ours */
#define REST      2000 /* ms that a pair rests if there are others: late packets of its last call */
#define ASK_MAX   64   /* pairs asked for at a time */

struct pair_host {
    struct media_address address;
    struct pair *first, **last; /* free ones, the oldest first */
    unsigned wanted;            /* by the sip role */
    unsigned asked;             /* of the parent */
    bool exhausted;
};

struct pairs {
    struct pairs_handler handler;
    struct table pairs;
    struct pair_host hosts[HOSTS_MAX];
    unsigned host_count;
    uint16_t first, last;
    size_t used;
};

enum error pairs_new(struct pairs **out, const struct pairs_handler *handler, uint16_t first,
                     uint16_t last)
{
    struct pairs *p = calloc(1, sizeof(*p));
    enum error e = p ? table_init(&p->pairs) : ERR_MEMORY;

    *out = e == OK ? p : NULL;
    if (e != OK) {
        free(p);
        return e;
    }
    p->handler = *handler;
    p->first = first;
    p->last = last;
    return OK;
}

static void pair_close(struct table_node *node, void *arg)
{
    struct pair *pair = (struct pair *)(void *)node;

    (void)arg;
    for (int i = 0; i < 2; i++)
        if (pair->fds[i] >= 0)
            close(pair->fds[i]);
    free(pair);
}

void pairs_free_all(struct pairs *p)
{
    if (!p)
        return;
    table_each(&p->pairs, pair_close, NULL);
    table_free(&p->pairs);
    free(p);
}

static uint64_t pair_hash(const struct media_address *a)
{
    return hash_view((struct view){(const char *)a->bytes, sizeof(a->bytes)}) * 3 ^
           ((uint64_t)a->family << 16 | a->port) * 0x9e3779b97f4a7c15u;
}

static bool pair_matches(const struct table_node *node, const void *key)
{
    return media_address_same(&((const struct pair *)(const void *)node)->local, key);
}

static struct pair *pair_find(const struct pairs *p, const struct media_address *local)
{
    return (void *)table_find(&p->pairs, pair_hash(local), pair_matches, local);
}

static struct pair_host *host_of(struct pairs *p, const struct media_address *address)
{
    struct pair_host *h = p->hosts;

    for (; h < p->hosts + p->host_count; h++)
        if (media_address_same_host(&h->address, address))
            return h;
    if (p->host_count == HOSTS_MAX)
        return NULL;
    p->host_count++;
    *h = (struct pair_host){.address = *address};
    h->address.port = 0;
    h->last = &h->first;
    return h;
}

/* What still lies in a socket was meant for a call that is over. */
static void drain(int fd)
{
    char byte;

    for (int i = 0; i < 1024 && recv(fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0; i++)
        ;
}

static struct pair *oldest_take(struct pair_host *h)
{
    struct pair *pair = h->first;

    if (!pair || (pair->freed && clock_ms() - pair->freed < REST && !h->exhausted))
        return NULL;
    h->first = pair->next;
    if (!h->first)
        h->last = &h->first;
    return pair;
}

static void supply(struct pairs *p, struct pair_host *h)
{
    struct pair *pair;

    while (h->wanted && (pair = oldest_take(h))) {
        drain(pair->fds[0]);
        drain(pair->fds[1]);
        pair->state = PAIR_STOCKED;
        h->wanted--;
        p->handler.stock(p->handler.arg, pair);
    }
    if (h->wanted && !h->asked && !h->exhausted) {
        h->asked = h->wanted < ASK_MAX ? h->wanted : ASK_MAX;
        p->handler.want(p->handler.arg, &h->address, h->asked);
    }
}

/* What a former life has left may be outside of what is configured now. */
static bool retire(const struct pairs *p, struct pair *pair)
{
    if (pair->local.port >= p->first && pair->local.port < p->last)
        return false;
    pair->state = PAIR_RETIRED;
    return true;
}

static void free_append(struct pair_host *h, struct pair *pair)
{
    pair->state = PAIR_FREE;
    pair->next = NULL;
    *h->last = pair;
    h->last = &pair->next;
}

/* A pair that was never used, or not for long, needs no rest: it goes before those that do. */
static void rested_prepend(struct pair_host *h, struct pair *pair)
{
    pair->state = PAIR_FREE;
    pair->next = h->first;
    h->first = pair;
    if (!pair->next)
        h->last = &pair->next;
}

static struct pair *pair_new(struct pairs *p, const struct media_address *local)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    if (!pair)
        return NULL;
    pair->local = *local;
    pair->fds[0] = pair->fds[1] = -1;
    table_put(&p->pairs, &pair->node, pair_hash(local));
    return pair;
}

enum error pairs_add(struct pairs *p, const struct media_address *local, bool rtcp, int fd)
{
    struct pair_host *h = host_of(p, local);
    struct pair *pair = pair_find(p, local);

    if (!pair && h)
        pair = pair_new(p, local);
    if (!h || !pair || pair->fds[rtcp] >= 0) {
        close(fd);
        return ERR_MEMORY;
    }
    pair->fds[rtcp] = fd;
    if (pair->fds[!rtcp] >= 0 && !retire(p, pair))
        rested_prepend(h, pair);
    return OK;
}

/* A new sip role has not heard of it, and waits. */
static void supply_or_tell(struct pairs *p, struct pair_host *h)
{
    supply(p, h);
    if (h->wanted && h->exhausted)
        p->handler.none(p->handler.arg, &h->address);
}

void pairs_answered(struct pairs *p, const struct media_address *host, bool exhausted)
{
    struct pair_host *h = host_of(p, host);

    if (!h)
        return;
    h->asked = 0;
    h->exhausted = exhausted;
    supply_or_tell(p, h);
}

void pairs_wanted(struct pairs *p, const struct media_address *host, unsigned count)
{
    struct pair_host *h = host_of(p, host);

    if (!h)
        return;
    h->wanted += count;
    supply_or_tell(p, h);
}

static void stocked_return(struct table_node *node, void *arg)
{
    struct pair *pair = (struct pair *)(void *)node;
    struct pair_host *h = host_of(arg, &pair->local);

    if (pair->state == PAIR_STOCKED)
        rested_prepend(h, pair);
}

void pairs_return_stock(struct pairs *p)
{
    for (unsigned i = 0; i < p->host_count; i++)
        p->hosts[i].wanted = 0;
    table_each(&p->pairs, stocked_return, p);
}

/* Takes a pair that nobody has asked for out of the free ones. */
static void free_remove(struct pair_host *h, struct pair *pair)
{
    struct pair **link = &h->first;

    while (*link != pair)
        link = &(*link)->next;
    *link = pair->next;
    if (!*link)
        h->last = link;
}

struct pair *pairs_use(struct pairs *p, const struct media_address *local)
{
    struct pair *pair = pair_find(p, local);

    if (!pair || pair->state == PAIR_USED || pair->fds[0] < 0 || pair->fds[1] < 0)
        return NULL;
    if (pair->state == PAIR_FREE)
        free_remove(host_of(p, local), pair);
    pair->state = PAIR_USED;
    p->used++;
    return pair;
}

void pairs_give_back(struct pairs *p, struct pair *pair)
{
    struct pair_host *h = host_of(p, &pair->local);

    pair->freed = clock_ms();
    p->used--;
    if (retire(p, pair))
        return;
    free_append(h, pair);
    if (h->wanted)
        supply(p, h);
}

size_t pairs_count(const struct pairs *p, size_t *used)
{
    *used = p->used;
    return p->pairs.count;
}
