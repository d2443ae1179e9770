/* Aliases: further numbers that lead to a user or a URI. */
#include "db/sqlite/sqlite.h"

enum error sqlite_alias_put(struct store *store, const struct store_alias *alias, bool replace)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q;

    if (replace)
        q = sqlite_writer(s, SLOT_ALIAS_REPLACE,
                          "INSERT OR REPLACE INTO alias (domain, number, target) VALUES (?, ?, ?)",
                          &e);
    else
        q = sqlite_writer(s, SLOT_ALIAS_ADD,
                          "INSERT INTO alias (domain, number, target) VALUES (?, ?, ?)", &e);
    if (!q)
        return e;
    sqlite_bind(q, 1, alias->domain);
    sqlite_bind(q, 2, alias->number);
    sqlite_bind(q, 3, alias->target);
    return sqlite_run(s, q, NULL);
}

enum error sqlite_alias_remove(struct store *store, struct view number, struct view domain)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int changes = 0;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_ALIAS_REMOVE,
                                    "DELETE FROM alias WHERE domain = ? AND number = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, domain);
    sqlite_bind(q, 2, number);
    e = sqlite_run(s, q, &changes);
    if (e)
        return e;
    return changes ? OK : ERR_NOT_FOUND;
}

enum error sqlite_alias_each(struct store *store, store_alias_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct store_alias alias;
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(
        s, SLOT_ALIAS_EACH, "SELECT domain, number, target FROM alias ORDER BY domain, number", &e);

    if (!q)
        return e;
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        alias.domain = sqlite_column(q, 0);
        alias.number = sqlite_column(q, 1);
        alias.target = sqlite_column(q, 2);
        if (!each(arg, &alias))
            break;
    }
    return sqlite_end(s, q, result);
}
