/* Replaying the journal of bindings: newest row first, each (number, domain, contact) once. */
#include <string.h>

#include "db/sqlite/sqlite.h"

#define REPLAY_MEMORY ((size_t)1 << 30)

#define BINDING_SELECT                                                                             \
    "SELECT number, domain, contact, expires, registered, call_id, cseq, q, path, instance,"       \
    " user_agent, flow FROM binding "

/* A key that was met: all older rows of it are history. */
struct met {
    struct table_node node;
    struct view key; /* number NUL domain NUL contact */
};

struct replay {
    struct table table;
    struct arena *arena;
    struct pack key;
    bool ended; /* some address-of-record was ended as a whole */
};

static bool met_match(const struct table_node *node, const void *key)
{
    return view_eq(((const struct met *)(const void *)node)->key, *(const struct view *)key);
}

static enum error replay_key(struct replay *r, const struct store_binding *b, bool whole)
{
    pack_reset(&r->key);
    pack_bytes(&r->key, b->number.p, b->number.n);
    pack_u8(&r->key, 0);
    pack_bytes(&r->key, b->domain.p, b->domain.n);
    pack_u8(&r->key, 0);
    if (!whole)
        pack_bytes(&r->key, b->contact.p, b->contact.n);
    return r->key.error;
}

static bool replay_met(struct replay *r, uint64_t *hash)
{
    struct view key = pack_bytes_view(&r->key);

    *hash = hash_view(key);
    return table_find(&r->table, *hash, met_match, &key) != NULL;
}

static enum error replay_note(struct replay *r, uint64_t hash)
{
    struct met *m = arena_alloc(r->arena, sizeof(*m));
    char *copy = arena_alloc(r->arena, r->key.n);

    if (!m || !copy)
        return ERR_MEMORY;
    memcpy(copy, r->key.p, r->key.n);
    m->key = (struct view){copy, r->key.n};
    table_put(&r->table, &m->node, hash);
    return OK;
}

/* Is b the newest of its key? Notes it. */
static enum error replay_row(struct replay *r, const struct store_binding *b, bool *newest)
{
    uint64_t hash;
    enum error e = OK;

    *newest = false;
    if (r->ended) {
        e = replay_key(r, b, true);
        if (e || replay_met(r, &hash))
            return e;
    }
    e = replay_key(r, b, false);
    if (e || replay_met(r, &hash))
        return e;
    r->ended |= b->contact.n == 0;
    *newest = b->contact.n != 0;
    return replay_note(r, hash);
}

static void binding_of_row(sqlite3_stmt *q, struct store_binding *b)
{
    b->number = sqlite_column(q, 0);
    b->domain = sqlite_column(q, 1);
    b->contact = sqlite_column(q, 2);
    b->expires = sqlite3_column_int64(q, 3);
    b->registered = sqlite3_column_int64(q, 4);
    b->call_id = sqlite_column(q, 5);
    b->cseq = (uint32_t)sqlite3_column_int64(q, 6);
    b->q = (uint16_t)sqlite3_column_int(q, 7);
    b->path = sqlite_column(q, 8);
    b->instance = sqlite_column(q, 9);
    b->user_agent = sqlite_column(q, 10);
    b->flow = sqlite_column(q, 11);
}

static enum error replay_run(struct sqlite *s, sqlite3_stmt *q, struct replay *r, int64_t now,
                             store_binding_each *each, void *arg)
{
    struct store_binding b;
    enum error e = OK;
    bool newest;
    int result;

    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        binding_of_row(q, &b);
        e = replay_row(r, &b, &newest);
        if (e || (newest && b.expires > now && !each(arg, &b)))
            break;
    }
    if (e)
        sqlite_text(s->store.error, "no memory left to read the bindings");
    if (e)
        (void)sqlite3_reset(q);
    return e ? e : sqlite_end(s, q, result);
}

enum error sqlite_binding_each(struct store *store, struct view number, struct view domain,
                               int64_t now, store_binding_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct replay r = {.arena = arena_new(64 << 10, REPLAY_MEMORY)};
    enum error e = r.arena ? table_init(&r.table) : ERR_MEMORY;
    sqlite3_stmt *q = NULL;

    if (e)
        sqlite_text(s->store.error, "no memory left to read the bindings");
    else if (number.n == 0)
        q = sqlite_reader(s, SLOT_BINDING_ALL, BINDING_SELECT "ORDER BY id DESC", &e);
    else
        q = sqlite_reader(s, SLOT_BINDING_OF,
                          BINDING_SELECT "WHERE number = ? AND domain = ? ORDER BY id DESC", &e);
    if (q && number.n) {
        sqlite_bind(q, 1, number);
        sqlite_bind(q, 2, domain);
    }
    if (q)
        e = replay_run(s, q, &r, now, each, arg);
    pack_free(&r.key);
    table_free(&r.table);
    arena_free(r.arena);
    return e;
}
