/* Lookups under way, by name and type. */
#include "sip/dns_lookup.h"

#include <stdlib.h>

#include "sip/dns_cache.h"

struct lookup {
    struct table_node node;
    struct dns_lookups *owner;
    struct lookup *held; /* the next that waits for a socket */
    struct dns_waiter *waiters;
    enum dns_type type;
    char name[DNS_NAME_MAX];
};

struct dns_lookups {
    struct table table;
    struct lookup *held, **held_last;
    struct dns_channel *channel;
    struct dns_hosts *hosts;
    struct dns_cache *cache;
    struct dns_counts counts;
};

struct key {
    const char *name;
    enum dns_type type;
};

enum error dns_lookups_new(struct dns_lookups **out, struct dns_channel *channel,
                           struct dns_hosts *hosts)
{
    struct dns_lookups *l = calloc(1, sizeof(*l));

    *out = NULL;
    if (!l) {
        dns_channel_free(channel);
        dns_hosts_free(hosts);
        return ERR_MEMORY;
    }
    l->channel = channel;
    l->hosts = hosts;
    l->held_last = &l->held;
    if (table_init(&l->table) != OK || dns_cache_new(&l->cache) != OK) {
        dns_lookups_free(l);
        return ERR_MEMORY;
    }
    *out = l;
    return OK;
}

static void lookup_free(struct lookup *k)
{
    while (k->waiters)
        dns_waiter_leave(k->waiters);
    table_take(&k->owner->table, &k->node);
    free(k);
}

static void lookup_drop(struct table_node *node, void *arg)
{
    (void)arg;
    lookup_free((void *)node);
}

void dns_lookups_free(struct dns_lookups *l)
{
    if (!l)
        return;
    dns_channel_free(l->channel); /* ends those that were asked */
    if (l->table.slots)
        table_each(&l->table, lookup_drop, NULL);
    table_free(&l->table);
    dns_cache_free(l->cache);
    dns_hosts_free(l->hosts);
    free(l);
}

bool dns_lookups_local(const struct dns_lookups *l, const char *name)
{
    return dns_hosts_know(l->hosts, name);
}

bool dns_lookups_know(const struct dns_lookups *l, const char *name, enum dns_type type,
                      uint64_t at, struct dns_answer *out)
{
    return dns_hosts_get(l->hosts, name, type, out) || dns_cache_get(l->cache, name, type, at, out);
}

static bool lookup_match(const struct table_node *node, const void *arg)
{
    const struct lookup *k = (const void *)node;
    const struct key *key = arg;

    return k->type == key->type && strcmp(k->name, key->name) == 0;
}

void dns_waiter_leave(struct dns_waiter *w)
{
    if (!w->link)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->next = NULL;
    w->link = NULL;
}

static void waiter_join(struct lookup *k, struct dns_waiter *w)
{
    w->next = k->waiters;
    w->link = &k->waiters;
    if (w->next)
        w->next->link = &w->next;
    k->waiters = w;
}

static void on_done(void *arg, bool timed_out, struct view bytes)
{
    struct lookup *k = arg;
    struct dns_counts *counts = &k->owner->counts;
    struct dns_answer answer;

    dns_answer_read(&answer, bytes, k->name, k->type);
    counts->failures += answer.error == ERR_CLOSED;
    counts->timeouts += timed_out;
    dns_cache_put(k->owner->cache, k->name, k->type, &answer);
    while (k->waiters) {
        struct dns_waiter *w = k->waiters;

        dns_waiter_leave(w);
        w->done(w);
    }
    lookup_free(k);
}

static struct lookup *lookup_new(struct dns_lookups *l, const struct key *key)
{
    struct lookup *k = calloc(1, sizeof(*k));

    if (!k || !view_copy(view_of(key->name), k->name, sizeof(k->name))) {
        free(k);
        return NULL;
    }
    k->owner = l;
    k->type = key->type;
    table_put(&l->table, &k->node, hash_view(view_of(k->name)));
    return k;
}

static void lookup_begin(struct lookup *k)
{
    struct dns_lookups *l = k->owner;

    l->counts.queries++;
    dns_channel_ask(l->channel, k->name, k->type, on_done, k);
}

static void lookup_hold(struct lookup *k)
{
    *k->owner->held_last = k;
    k->owner->held_last = &k->held;
}

enum error dns_lookups_wait(struct dns_lookups *l, const char *name, enum dns_type type,
                            struct dns_waiter *w)
{
    struct key key = {name, type};
    struct lookup *k = (void *)table_find(&l->table, hash_view(view_of(name)), lookup_match, &key);

    if (k) {
        waiter_join(k, w);
        return OK;
    }
    if (l->table.count >= DNS_LOOKUPS_MAX)
        return ERR_LIMIT;
    if (!(k = lookup_new(l, &key)))
        return ERR_MEMORY;
    waiter_join(k, w);
    if (dns_channel_ready(l->channel))
        lookup_begin(k);
    else
        lookup_hold(k);
    return OK;
}

void dns_lookups_resume(struct dns_lookups *l)
{
    if (!dns_channel_ready(l->channel))
        return;
    while (l->held) {
        struct lookup *k = l->held;

        l->held = k->held;
        if (!l->held)
            l->held_last = &l->held;
        lookup_begin(k);
    }
}

struct dns_counts *dns_lookups_counts(struct dns_lookups *l)
{
    return &l->counts;
}
