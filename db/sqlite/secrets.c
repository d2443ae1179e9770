/* Lasting random secrets, made at first use. */
#include <string.h>

#include "db/sqlite/sqlite.h"

static enum error secret_make(struct sqlite *s, struct view name, void *out, size_t n)
{
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_SECRET_PUT, "INSERT INTO secret (name, value) VALUES (?, ?)", &e);

    if (!q)
        return e;
    random_bytes(out, n);
    sqlite_bind(q, 1, name);
    sqlite_bind_blob(q, 2, out, n);
    return sqlite_run(s, q, NULL);
}

enum error sqlite_secret(struct store *store, const char *name, void *out, size_t n)
{
    struct sqlite *s = sqlite_of(store);
    struct view value;
    enum error e;
    int result;
    sqlite3_stmt *q =
        sqlite_reader(s, SLOT_SECRET_GET, "SELECT value FROM secret WHERE name = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, view_of(name));
    result = sqlite3_step(q);
    if (result == SQLITE_DONE) {
        (void)sqlite3_reset(q);
        return secret_make(s, view_of(name), out, n);
    }
    if (result == SQLITE_ROW) {
        value = sqlite_column(q, 0);
        if (value.n == n) {
            memcpy(out, value.p, n);
        } else {
            sqlite_text(store->error, "the secret \"%s\" in the database is damaged", name);
            e = ERR_STORE;
        }
    }
    return e ? ((void)sqlite3_reset(q), e) : sqlite_end(s, q, result);
}
