/* Bindings: an append-only journal, a row for all that is committed at once (SQLite's work is by
 * the row), pruned at its old end. */
#include "db/change.h"
#include "db/sqlite/journal.h"

#define ROW_BYTES ((size_t)256 << 10) /* a row is written when it has grown to this */

void journal_pack(struct pack *row, const struct store_binding *b)
{
    if (row->n == 0)
        pack_u8(row, JOURNAL_VERSION);
    binding_pack(row, b);
}

static void gathered_reset(struct sqlite *s)
{
    pack_reset(&s->gathered);
    s->gathered_expires = 0;
}

enum error sqlite_bindings_write(struct sqlite *s)
{
    enum error e;
    sqlite3_stmt *q;

    if (s->gathered.n == 0)
        return OK;
    q = sqlite_writer(s, SLOT_BINDING_PUT, "INSERT INTO journal (expires, bindings) VALUES (?, ?)",
                      &e);
    if (q) {
        (void)sqlite3_bind_int64(q, 1, s->gathered_expires);
        sqlite_bind_blob(q, 2, s->gathered.p, s->gathered.n);
        e = sqlite_run(s, q, NULL);
    }
    gathered_reset(s);
    return e;
}

void sqlite_bindings_forget(struct sqlite *s)
{
    gathered_reset(s);
}

enum error sqlite_binding_put(struct store *store, const struct store_binding *b)
{
    struct sqlite *s = sqlite_of(store);

    if (s->transaction && s->failed)
        return ERR_STORE;
    journal_pack(&s->gathered, b);
    if (s->gathered.error) { /* a part of it may be in the row */
        gathered_reset(s);
        return sqlite_failed(s, SQLITE_NOMEM);
    }
    if (b->expires > s->gathered_expires)
        s->gathered_expires = b->expires;
    return s->transaction && s->gathered.n < ROW_BYTES ? OK : sqlite_bindings_write(s);
}

/* The id of the last dead row at the old end, 0 when the oldest row lives. */
static enum error oldest_dead(struct sqlite *s, int64_t now, unsigned limit, int64_t *last,
                              bool *more)
{
    enum error e;
    unsigned count = 0;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_BINDING_OLDEST,
                                    "SELECT id, expires FROM journal ORDER BY id LIMIT ?", &e);

    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, limit);
    while ((result = sqlite3_step(q)) == SQLITE_ROW && sqlite3_column_int64(q, 1) <= now) {
        *last = sqlite3_column_int64(q, 0);
        count++;
    }
    *more = limit && count == limit;
    return sqlite_end(s, q, result);
}

/* Only a run of dead rows at the old end may go: a removal must outlive what it removes. */
enum error sqlite_binding_prune(struct store *store, int64_t now, unsigned limit, bool *more)
{
    struct sqlite *s = sqlite_of(store);
    int64_t last = 0;
    sqlite3_stmt *q;
    enum error e;

    *more = false;
    e = oldest_dead(s, now, limit, &last, more);
    if (e || !last)
        return e;
    q = sqlite_writer(s, SLOT_BINDING_DELETE, "DELETE FROM journal WHERE id <= ?", &e);
    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, last);
    return sqlite_run(s, q, NULL);
}
