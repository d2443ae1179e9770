/* One write transaction at a time. */
#include "db/sqlite/sqlite.h"

enum error sqlite_begin(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q;

    if (s->transaction)
        return s->failed ? ERR_STORE : OK;
    q = sqlite_reader(s, SLOT_BEGIN, "BEGIN IMMEDIATE", &e);
    if (q)
        e = sqlite_run(s, q, NULL);
    s->transaction = e == OK;
    s->failed = false;
    return e;
}

void sqlite_rollback(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    sqlite3_stmt *q;
    enum error e;

    /* SQLite rolls back by itself after some failures; then there is nothing left to do */
    if (s->transaction && !sqlite3_get_autocommit(s->db)) {
        q = sqlite_reader(s, SLOT_ROLLBACK, "ROLLBACK", &e);
        if (q) {
            (void)sqlite3_step(q);
            (void)sqlite3_reset(q);
        } else {
            (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    s->transaction = false;
    s->failed = false;
    sqlite_bindings_forget(s);
}

enum error sqlite_commit(struct store *store)
{
    struct sqlite *s = sqlite_of(store);
    enum error e = ERR_STORE;
    sqlite3_stmt *q;

    if (!s->transaction)
        return OK;
    if (!s->failed && (e = sqlite_bindings_write(s)) == OK) {
        q = sqlite_reader(s, SLOT_COMMIT, "COMMIT", &e);
        if (q)
            e = sqlite_run(s, q, NULL);
    }
    if (e != OK)
        sqlite_rollback(store);
    s->transaction = false;
    return e;
}
