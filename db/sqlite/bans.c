/* Bans: networks from which nothing is taken. */
#include "db/sqlite/sqlite.h"

enum error sqlite_ban_put(struct store *store, const struct store_ban *ban)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(
        s, SLOT_BAN_PUT,
        "INSERT OR REPLACE INTO ban (network, until, users, reason) VALUES (?, ?, ?, ?)", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, ban->network);
    (void)sqlite3_bind_int64(q, 2, ban->until);
    (void)sqlite3_bind_int64(q, 3, ban->users);
    sqlite_bind(q, 4, ban->reason);
    return sqlite_run(s, q, NULL);
}

enum error sqlite_ban_remove(struct store *store, struct view network)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int changes = 0;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_BAN_REMOVE, "DELETE FROM ban WHERE network = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, network);
    e = sqlite_run(s, q, &changes);
    if (e)
        return e;
    return changes ? OK : ERR_NOT_FOUND;
}

enum error sqlite_ban_each(struct store *store, struct view after, int64_t now,
                           store_ban_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct store_ban ban;
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_BAN_EACH,
                                    "SELECT network, until, users, reason FROM ban "
                                    "WHERE network > ? AND until > ? ORDER BY network",
                                    &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, after);
    (void)sqlite3_bind_int64(q, 2, now);
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        ban.network = sqlite_column(q, 0);
        ban.until = sqlite3_column_int64(q, 1);
        ban.users = (uint32_t)sqlite3_column_int64(q, 2);
        ban.reason = sqlite_column(q, 3);
        if (!each(arg, &ban))
            break;
    }
    return sqlite_end(s, q, result);
}

enum error sqlite_ban_prune(struct store *store, int64_t now)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_BAN_PRUNE, "DELETE FROM ban WHERE until <= ?", &e);

    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, now);
    return sqlite_run(s, q, NULL);
}
