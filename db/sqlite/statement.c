/* Prepared statements: made once, bound, run, reset. */
#include "db/sqlite/sqlite.h"

sqlite3_stmt *sqlite_reader(struct sqlite *s, enum sqlite_slot slot, const char *sql, enum error *e)
{
    sqlite3_stmt **q = &s->statements[slot];

    *e = OK;
    if (!*q) {
        int result = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, q, NULL);

        if (result != SQLITE_OK)
            *e = sqlite_failed(s, result);
    }
    return *q;
}

sqlite3_stmt *sqlite_writer(struct sqlite *s, enum sqlite_slot slot, const char *sql, enum error *e)
{
    if (s->transaction && s->failed) {
        *e = ERR_STORE;
        return NULL;
    }
    return sqlite_reader(s, slot, sql, e);
}

void sqlite_bind(sqlite3_stmt *q, int index, struct view v)
{
    (void)sqlite3_bind_text64(q, index, v.p ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_blob(sqlite3_stmt *q, int index, const void *p, size_t n)
{
    (void)sqlite3_bind_blob64(q, index, p ? p : "", n, SQLITE_STATIC);
}

struct view sqlite_column(sqlite3_stmt *q, int column)
{
    const void *p = sqlite3_column_blob(q, column);

    if (!p)
        return VIEW_NONE;
    return (struct view){p, (size_t)sqlite3_column_bytes(q, column)};
}

enum error sqlite_run(struct sqlite *s, sqlite3_stmt *q, int *changes)
{
    int result = sqlite3_step(q);

    if (changes)
        *changes = result == SQLITE_DONE ? sqlite3_changes(s->db) : 0;
    return sqlite_end(s, q, result);
}

enum error sqlite_end(struct sqlite *s, sqlite3_stmt *q, int result)
{
    enum error e = OK;

    if (result != SQLITE_DONE && result != SQLITE_ROW)
        e = sqlite_failed(s, result);
    (void)sqlite3_reset(q);
    return e;
}
