/* Routes: where numbers go that nobody here has. */
#include "db/sqlite/sqlite.h"

enum error sqlite_route_add(struct store *store, const struct store_route *route)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(
        s, SLOT_ROUTE_ADD,
        "INSERT INTO route (prefix, gateways, strip, prepend) VALUES (?, ?, ?, ?)", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, route->prefix);
    sqlite_bind(q, 2, route->gateways);
    (void)sqlite3_bind_int(q, 3, route->strip);
    sqlite_bind(q, 4, route->prepend);
    return sqlite_run(s, q, NULL);
}

enum error sqlite_route_remove(struct store *store, struct view prefix)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int changes = 0;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_ROUTE_REMOVE, "DELETE FROM route WHERE prefix = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, prefix);
    e = sqlite_run(s, q, &changes);
    return e || changes ? e : ERR_NOT_FOUND;
}

enum error sqlite_route_each(struct store *store, store_route_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int result;
    sqlite3_stmt *q =
        sqlite_reader(s, SLOT_ROUTE_EACH,
                      "SELECT prefix, gateways, strip, prepend FROM route ORDER BY prefix", &e);

    if (!q)
        return e;
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        struct store_route route = {.prefix = sqlite_column(q, 0),
                                    .gateways = sqlite_column(q, 1),
                                    .strip = (uint8_t)sqlite3_column_int(q, 2),
                                    .prepend = sqlite_column(q, 3)};

        if (!each(arg, &route))
            break;
    }
    return sqlite_end(s, q, result);
}
