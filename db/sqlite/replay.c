/* Replaying the journal of bindings: newest row first, each (number, domain, contact) once. */
#include <stdlib.h>
#include <string.h>

#include "db/change.h"
#include "db/sqlite/journal.h"

#define REPLAY_MEMORY ((size_t)1 << 30)

/* A key that was met: all older rows of it are history. */
struct met {
    struct table_node node;
    struct view key; /* number NUL domain NUL, contact or NUL reg-id instance */
};

struct replay {
    struct table table;
    struct arena *arena;
    struct pack key;
    bool ended;                 /* some address-of-record was ended as a whole */
    struct view number, domain; /* only these; number empty: all */
    int64_t now;
    store_binding_each *each;
    void *arg;
    struct view *places; /* the bindings of one row, oldest first */
    size_t places_room;
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
    if (!whole && b->reg_id) { /* RFC 5626: the flow of a phone */
        pack_u8(&r->key, 0);
        pack_u32(&r->key, b->reg_id);
        pack_bytes(&r->key, b->instance.p, b->instance.n);
    } else if (!whole) {
        pack_bytes(&r->key, b->contact.p, b->contact.n);
    }
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

static bool is_wanted(const struct replay *r, const struct store_binding *b)
{
    return !r->number.n || (view_eq(b->number, r->number) && view_eq(b->domain, r->domain));
}

static bool place_note(struct replay *r, size_t count, struct view at)
{
    if (count == r->places_room) {
        size_t room = count ? count * 2 : 64;
        struct view *more = reallocarray(r->places, room, sizeof(*more));

        if (!more)
            return false;
        r->places = more;
        r->places_room = room;
    }
    r->places[count] = at;
    return true;
}

/* Finds the bindings of a row. ERR_STORE: they cannot be read. */
static enum error row_index(struct replay *r, struct view row, size_t *count)
{
    struct store_binding b;
    bool bad = false;

    *count = 0;
    if (unpack_u8(&row, &bad) != JOURNAL_VERSION || bad)
        return ERR_STORE;
    while (row.n && !bad) {
        if (!place_note(r, *count, row))
            return ERR_MEMORY;
        binding_unpack(&b, &row, &bad);
        ++*count;
    }
    return bad ? ERR_STORE : OK;
}

/* Newest first. *more false: whoever listens has heard enough. */
static enum error row_replay(struct replay *r, struct view row, bool *more)
{
    struct store_binding b;
    bool newest = false, bad = false;
    size_t count;
    enum error e = row_index(r, row, &count);

    while (!e && *more && count-- > 0) {
        binding_unpack(&b, &r->places[count], &bad);
        if (!is_wanted(r, &b))
            continue;
        e = replay_row(r, &b, &newest);
        if (!e && newest && b.expires > r->now)
            *more = r->each(r->arg, &b);
    }
    return e;
}

static enum error replay_run(struct sqlite *s, struct replay *r)
{
    bool more = true;
    int result;
    enum error e;
    sqlite3_stmt *q =
        sqlite_reader(s, SLOT_BINDING_ALL, "SELECT bindings FROM journal ORDER BY id DESC", &e);

    if (!q)
        return e;
    while (!e && more && (result = sqlite3_step(q)) == SQLITE_ROW)
        e = row_replay(r, sqlite_column(q, 0), &more);
    if (!e)
        return sqlite_end(s, q, more ? result : SQLITE_ROW);
    (void)sqlite3_reset(q);
    sqlite_text(s->store.error, e == ERR_MEMORY ? "no memory left to read the bindings"
                                                : "a row of the bindings is damaged; put a backup "
                                                  "of the database in its place");
    return e;
}

enum error sqlite_binding_each(struct store *store, struct view number, struct view domain,
                               int64_t now, store_binding_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct replay r = {.arena = arena_new(64 << 10, REPLAY_MEMORY),
                       .number = number,
                       .domain = domain,
                       .now = now,
                       .each = each,
                       .arg = arg};
    enum error e = r.arena ? table_init(&r.table) : ERR_MEMORY;

    if (e)
        sqlite_text(s->store.error, "no memory left to read the bindings");
    else
        e = sqlite_bindings_write(s);
    if (!e)
        e = replay_run(s, &r);
    free(r.places);
    pack_free(&r.key);
    table_free(&r.table);
    arena_free(r.arena);
    return e;
}
