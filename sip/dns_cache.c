/* The cache: a table, and a list in the order of arrival. */
#include "sip/dns_cache.h"

#include <stdlib.h>

struct entry {
    struct table_node node;
    struct entry *newer, *older;
    uint64_t expires; /* ms */
    uint32_t ttl;
    enum error error;
    enum dns_type type;
    unsigned count;
    char name[DNS_NAME_MAX];
    struct dns_record records[];
};

struct dns_cache {
    struct table table;
    struct entry *newest, *oldest;
    size_t bytes;
};

struct key {
    const char *name;
    enum dns_type type;
};

enum error dns_cache_new(struct dns_cache **out)
{
    struct dns_cache *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (!c || table_init(&c->table) != OK) {
        free(c);
        return ERR_MEMORY;
    }
    *out = c;
    return OK;
}

static size_t entry_size(unsigned count)
{
    return sizeof(struct entry) + count * sizeof(struct dns_record);
}

static void entry_drop(struct dns_cache *c, struct entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    table_take(&c->table, &e->node);
    c->bytes -= entry_size(e->count);
    free(e);
}

void dns_cache_free(struct dns_cache *c)
{
    if (!c)
        return;
    while (c->oldest)
        entry_drop(c, c->oldest);
    table_free(&c->table);
    free(c);
}

static bool entry_match(const struct table_node *node, const void *arg)
{
    const struct entry *e = (const void *)node;
    const struct key *key = arg;

    return e->type == key->type && strcmp(e->name, key->name) == 0;
}

static struct entry *entry_find(const struct dns_cache *c, const struct key *key)
{
    return (void *)table_find(&c->table, hash_view(view_of(key->name)), entry_match, key);
}

static void entry_enter(struct dns_cache *c, struct entry *e)
{
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
    c->bytes += entry_size(e->count);
    table_put(&c->table, &e->node, hash_view(view_of(e->name)));
    while (c->table.count > DNS_CACHE_ENTRIES || c->bytes > DNS_CACHE_BYTES)
        entry_drop(c, c->oldest);
}

void dns_cache_put(struct dns_cache *c, const char *name, enum dns_type type,
                   const struct dns_answer *answer)
{
    struct entry *known = entry_find(c, &(struct key){name, type});
    struct entry *e = calloc(1, entry_size(answer->count));

    if (known)
        entry_drop(c, known);
    if (!e || !view_copy(view_of(name), e->name, sizeof(e->name))) {
        free(e);
        return;
    }
    e->type = type;
    e->error = answer->error;
    e->ttl = answer->ttl;
    e->expires = clock_ms() + answer->ttl * UINT64_C(1000);
    e->count = answer->count;
    memcpy(e->records, answer->records, answer->count * sizeof(answer->records[0]));
    entry_enter(c, e);
}

bool dns_cache_get(const struct dns_cache *c, const char *name, enum dns_type type, uint64_t at,
                   struct dns_answer *out)
{
    const struct entry *e = entry_find(c, &(struct key){name, type});

    if (!e || e->expires <= at)
        return false;
    out->error = e->error;
    out->ttl = e->ttl;
    out->count = e->count;
    memcpy(out->records, e->records, e->count * sizeof(e->records[0]));
    return true;
}

size_t dns_cache_count(const struct dns_cache *c)
{
    return c->table.count;
}
