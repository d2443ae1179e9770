/* Calls that are over. */
#include "db/record.h"
#include "db/sqlite/sqlite.h"

#define COLUMNS                                                                                    \
    "id, call_id, begun, answered, ended, from_uri, to_uri, caller, route, status, ended_by, "     \
    "audio"
#define IN_TIME " AND begun >= ?1 AND (begun, id) < (?2, ?3) "

enum error sqlite_call_put(struct store *store, const struct store_call *call)
{
    struct sqlite *s = sqlite_of(store);
    char from[NUMBER_MAX], to[NUMBER_MAX];
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_CALL_PUT,
                      "INSERT OR IGNORE INTO call (" COLUMNS ", from_number, to_number) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                      &e);

    if (!q)
        return e;
    record_number(call->from, from);
    record_number(call->to, to);
    (void)sqlite3_bind_int64(q, 1, (int64_t)call->id);
    sqlite_bind(q, 2, call->call_id);
    (void)sqlite3_bind_int64(q, 3, call->begun);
    (void)sqlite3_bind_int64(q, 4, call->answered);
    (void)sqlite3_bind_int64(q, 5, call->ended);
    sqlite_bind(q, 6, call->from);
    sqlite_bind(q, 7, call->to);
    sqlite_bind(q, 8, call->caller);
    sqlite_bind(q, 9, call->route);
    (void)sqlite3_bind_int(q, 10, call->status);
    sqlite_bind(q, 11, call->ended_by);
    sqlite_bind(q, 12, call->audio);
    sqlite_bind(q, 13, view_of(from));
    sqlite_bind(q, 14, view_of(to));
    return sqlite_run(s, q, NULL);
}

static sqlite3_stmt *all_reader(struct sqlite *s, enum error *e)
{
    return sqlite_reader(s, SLOT_CALL_ALL,
                         "SELECT " COLUMNS " FROM call WHERE begun >= ?1 AND (begun, id) < (?2, ?3)"
                         " ORDER BY begun DESC, id DESC",
                         e);
}

/* Three walks along an index, merged: no call is in two of them, and nothing is sorted. */
static sqlite3_stmt *number_reader(struct sqlite *s, enum error *e)
{
    return sqlite_reader(
        s, SLOT_CALL_OF_NUMBER,
        "SELECT " COLUMNS " FROM call WHERE from_number = ?4" IN_TIME "UNION ALL SELECT " COLUMNS
        " FROM call WHERE to_number = ?4" IN_TIME "AND to_number <> from_number "
        "UNION ALL SELECT " COLUMNS " FROM call WHERE caller = ?4" IN_TIME
        "AND caller <> from_number AND caller <> to_number ORDER BY begun DESC, id DESC",
        e);
}

static void call_read(sqlite3_stmt *q, struct store_call *out)
{
    out->id = (uint64_t)sqlite3_column_int64(q, 0);
    out->call_id = sqlite_column(q, 1);
    out->begun = sqlite3_column_int64(q, 2);
    out->answered = sqlite3_column_int64(q, 3);
    out->ended = sqlite3_column_int64(q, 4);
    out->from = sqlite_column(q, 5);
    out->to = sqlite_column(q, 6);
    out->caller = sqlite_column(q, 7);
    out->route = sqlite_column(q, 8);
    out->status = (uint16_t)sqlite3_column_int(q, 9);
    out->ended_by = sqlite_column(q, 10);
    out->audio = sqlite_column(q, 11);
}

enum error sqlite_call_each(struct store *store, const struct store_calls *wanted,
                            store_call_each *each, void *arg)
{
    struct sqlite *s = sqlite_of(store);
    struct store_call call;
    int result;
    enum error e;
    sqlite3_stmt *q = wanted->number.n ? number_reader(s, &e) : all_reader(s, &e);

    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, wanted->since);
    (void)sqlite3_bind_int64(q, 2, wanted->before);
    (void)sqlite3_bind_int64(q, 3, wanted->before_id ? (int64_t)wanted->before_id : INT64_MIN);
    if (wanted->number.n)
        sqlite_bind(q, 4, wanted->number);
    while ((result = sqlite3_step(q)) == SQLITE_ROW) {
        call_read(q, &call);
        if (!each(arg, &call))
            break;
    }
    return sqlite_end(s, q, result);
}

enum error sqlite_call_prune(struct store *store, int64_t before, unsigned limit, bool *more)
{
    struct sqlite *s = sqlite_of(store);
    int changes = 0;
    enum error e;
    sqlite3_stmt *q =
        sqlite_writer(s, SLOT_CALL_PRUNE,
                      "DELETE FROM call WHERE place IN"
                      " (SELECT place FROM call WHERE begun < ?1 ORDER BY begun LIMIT ?2)",
                      &e);

    *more = false;
    if (!q)
        return e;
    (void)sqlite3_bind_int64(q, 1, before);
    (void)sqlite3_bind_int64(q, 2, limit);
    e = sqlite_run(s, q, &changes);
    *more = !e && limit && (unsigned)changes == limit;
    return e;
}
