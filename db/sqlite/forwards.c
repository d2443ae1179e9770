/* Forwards: where the calls of a user go when they do not reach it. */
#include "db/sqlite/sqlite.h"

enum error sqlite_forward_put(struct store *store, const struct store_forward *forward)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_FORWARD_PUT,
                      "INSERT OR REPLACE INTO forward (domain, number, kind, target, after)"
                      " VALUES (?, ?, ?, ?, ?)",
                      &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, forward->domain);
    sqlite_bind(q, 2, forward->number);
    (void)sqlite3_bind_int(q, 3, (int)forward->kind);
    sqlite_bind(q, 4, forward->target);
    (void)sqlite3_bind_int(q, 5, forward->after);
    return sqlite_run(s, q, NULL);
}

enum error sqlite_forward_remove(struct store *store, struct view number, struct view domain,
                                 enum forward_kind kind)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int changes = 0;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_FORWARD_REMOVE,
                      "DELETE FROM forward WHERE domain = ? AND number = ? AND kind = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, domain);
    sqlite_bind(q, 2, number);
    (void)sqlite3_bind_int(q, 3, (int)kind);
    e = sqlite_run(s, q, &changes);
    if (e)
        return e;
    return changes ? OK : ERR_NOT_FOUND;
}

enum error sqlite_forwards_remove(struct sqlite *s, struct view number, struct view domain)
{
    enum error e;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_FORWARD_REMOVE_ALL,
                                    "DELETE FROM forward WHERE domain = ? AND number = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, domain);
    sqlite_bind(q, 2, number);
    return sqlite_run(s, q, NULL);
}

/* The forward in the current row; false: damaged (check tells), to be passed over. */
static bool forward_of_row(sqlite3_stmt *q, struct store_forward *out)
{
    int kind = sqlite3_column_int(q, 2), after = sqlite3_column_int(q, 4);

    if (kind < 0 || kind >= FORWARD_KINDS || after < 0 || after > UINT16_MAX)
        return false;
    *out = (struct store_forward){.domain = sqlite_column(q, 0),
                                  .number = sqlite_column(q, 1),
                                  .kind = (enum forward_kind)kind,
                                  .target = sqlite_column(q, 3),
                                  .after = (uint16_t)after};
    return true;
}

enum error sqlite_forward_each(struct store *store, struct view number, struct view domain,
                               store_forward_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct store_forward forward;
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_FORWARD_EACH,
                                    "SELECT domain, number, kind, target, after FROM forward"
                                    " WHERE ?1 = '' OR (domain = ?2 AND number = ?1)"
                                    " ORDER BY domain, number, kind",
                                    &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, number);
    sqlite_bind(q, 2, domain);
    while ((result = sqlite3_step(q)) == SQLITE_ROW)
        if (forward_of_row(q, &forward) && !each(arg, &forward))
            break;
    return sqlite_end(s, q, result);
}
