/* Gateways: other SIP servers that calls may go to. */
#include "db/sqlite/sqlite.h"

enum error sqlite_gateway_add(struct store *store, const struct store_gateway *gateway)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_GATEWAY_ADD,
                      "INSERT INTO gateway (name, uri, username, password, priority,"
                      " weight, max_calls, registers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                      &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, gateway->name);
    sqlite_bind(q, 2, gateway->uri);
    sqlite_bind(q, 3, gateway->username);
    sqlite_bind_blob(q, 4, gateway->password.p, gateway->password.n);
    (void)sqlite3_bind_int(q, 5, gateway->priority);
    (void)sqlite3_bind_int(q, 6, gateway->weight);
    (void)sqlite3_bind_int64(q, 7, gateway->max_calls);
    (void)sqlite3_bind_int(q, 8, gateway->registers);
    return sqlite_run(s, q, NULL);
}

static enum error run_on_one(struct sqlite *s, sqlite3_stmt *q)
{
    int changes = 0;
    enum error e = sqlite_run(s, q, &changes);

    return e || changes ? e : ERR_NOT_FOUND;
}

enum error sqlite_gateway_password(struct store *store, struct view name, struct view password)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q = sqlite_writer(s, SLOT_GATEWAY_PASSWORD,
                                    "UPDATE gateway SET password = ? WHERE name = ?", &e);

    if (!q)
        return e;
    sqlite_bind_blob(q, 1, password.p, password.n);
    sqlite_bind(q, 2, name);
    return run_on_one(s, q);
}

enum error sqlite_gateway_remove(struct store *store, struct view name)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_GATEWAY_REMOVE, "DELETE FROM gateway WHERE name = ?", &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, name);
    return run_on_one(s, q);
}

enum error sqlite_gateway_each(struct store *store, struct view name, store_gateway_each *each,
                               void *arg)
{
    struct sqlite *s = sqlite_of(store);
    enum error e;
    int result;
    sqlite3_stmt *q = sqlite_reader(s, SLOT_GATEWAY_EACH,
                                    "SELECT name, uri, username, password, priority, weight,"
                                    " max_calls, registers FROM gateway"
                                    " WHERE ?1 = '' OR name = ?1 ORDER BY name",
                                    &e);

    if (!q)
        return e;
    sqlite_bind(q, 1, name);
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        struct store_gateway gateway = {.name = sqlite_column(q, 0),
                                        .uri = sqlite_column(q, 1),
                                        .username = sqlite_column(q, 2),
                                        .password = sqlite_column(q, 3),
                                        .priority = (uint16_t)sqlite3_column_int(q, 4),
                                        .weight = (uint16_t)sqlite3_column_int(q, 5),
                                        .max_calls = (uint32_t)sqlite3_column_int64(q, 6),
                                        .registers = sqlite3_column_int(q, 7) != 0};

        if (!each(arg, &gateway))
            break;
    }
    return sqlite_end(s, q, result);
}
