/* Bindings: an append-only journal, pruned at its old end. */
#include "db/sqlite/sqlite.h"

enum error sqlite_binding_put(struct store *store, const struct store_binding *b)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_BINDING_PUT,
                      "INSERT INTO binding (expires, registered, number, domain, contact, call_id,"
                      " cseq, q, path, instance, user_agent, flow)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      &e);

    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, b->expires);
    (void)sqlite3_bind_int64(q, 2, b->registered);
    sqlite_bind(q, 3, b->number);
    sqlite_bind(q, 4, b->domain);
    sqlite_bind(q, 5, b->contact);
    sqlite_bind(q, 6, b->call_id);
    (void)sqlite3_bind_int64(q, 7, b->cseq);
    (void)sqlite3_bind_int(q, 8, b->q);
    sqlite_bind(q, 9, b->path);
    sqlite_bind(q, 10, b->instance);
    sqlite_bind(q, 11, b->user_agent);
    sqlite_bind_blob(q, 12, b->flow.p, b->flow.n);
    return sqlite_run(s, q, NULL);
}

/* The id of the last dead row at the old end, 0 when the oldest row lives. */
static enum error oldest_dead(struct sqlite *s, int64_t now, unsigned limit, int64_t *last,
                              bool *more)
{
    enum error e;
    unsigned count = 0;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_BINDING_OLDEST,
                                    "SELECT id, expires FROM binding ORDER BY id LIMIT ?", &e);

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
    q = sqlite_writer(s, SLOT_BINDING_DELETE, "DELETE FROM binding WHERE id <= ?", &e);
    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, last);
    return sqlite_run(s, q, NULL);
}
