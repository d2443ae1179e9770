/* The schema and the way to it from every older one. The version is PRAGMA user_version. */
#include <stdio.h>
#include <stdlib.h>

#include "db/sqlite/journal.h"

/* "ohk1": tells our files from other programs' databases */
#define APPLICATION "1869114161"

/* migrations[n] leads from version n to n + 1. A published step is never changed. */
static const char *const migrations[] = {
    "CREATE TABLE user ("
    " domain TEXT NOT NULL, number TEXT NOT NULL, name TEXT NOT NULL,"
    " auth_name TEXT NOT NULL, realm TEXT NOT NULL, hashes BLOB NOT NULL,"
    " PRIMARY KEY (domain, number)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX user_auth_name ON user (domain, auth_name) WHERE auth_name <> '';"
    "CREATE TABLE alias ("
    " domain TEXT NOT NULL, number TEXT NOT NULL, target TEXT NOT NULL,"
    " PRIMARY KEY (domain, number)) WITHOUT ROWID;"
    "CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = " APPLICATION ";",

    /* A journal: rows are only appended, the newest of a (number, domain, contact) counts; an
     * empty contact ends all that came before for the address-of-record. No index: it would cost
     * a random write a row. */
    "CREATE TABLE binding ("
    " id INTEGER PRIMARY KEY, expires INTEGER NOT NULL, registered INTEGER NOT NULL,"
    " number TEXT NOT NULL, domain TEXT NOT NULL, contact TEXT NOT NULL,"
    " call_id TEXT NOT NULL, cseq INTEGER NOT NULL, q INTEGER NOT NULL, path TEXT NOT NULL,"
    " instance TEXT NOT NULL, user_agent TEXT NOT NULL, flow BLOB NOT NULL);",

    /* The same journal, with one row for all that was committed at once (journal.h). */
    "CREATE TABLE journal (id INTEGER PRIMARY KEY, expires INTEGER NOT NULL,"
    " bindings BLOB NOT NULL);"
    "INSERT INTO journal (expires, bindings)"
    " SELECT expires, journal_row(number, domain, contact, expires, call_id, cseq, q, path,"
    " instance, user_agent, flow, registered) FROM binding ORDER BY id;"
    "DROP TABLE binding;",

    /* How many calls a user may have, and where calls go that do not stay here. Kinds of forwards
     * are numbered as in db/store.h; the password of a gateway is sealed (db/seal.h), the gateways
     * of a route are a list of names. */
    "ALTER TABLE user ADD COLUMN max_calls INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE forward ("
    " domain TEXT NOT NULL, number TEXT NOT NULL, kind INTEGER NOT NULL, target TEXT NOT NULL,"
    " after INTEGER NOT NULL, PRIMARY KEY (domain, number, kind)) WITHOUT ROWID;"
    "CREATE TABLE gateway ("
    " name TEXT PRIMARY KEY, uri TEXT NOT NULL, username TEXT NOT NULL, password BLOB NOT NULL,"
    " priority INTEGER NOT NULL, weight INTEGER NOT NULL, max_calls INTEGER NOT NULL,"
    " registers INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE route ("
    " prefix TEXT PRIMARY KEY, gateways TEXT NOT NULL, strip INTEGER NOT NULL,"
    " prepend TEXT NOT NULL) WITHOUT ROWID;",

    /* Addresses and networks that may not speak to us. */
    "CREATE TABLE ban ("
    " network TEXT PRIMARY KEY, until INTEGER NOT NULL, users INTEGER NOT NULL,"
    " reason TEXT NOT NULL) WITHOUT ROWID;",

    /* Calls that are over, in the order in which they came. The numbers are those in from_uri and
     * to_uri; each index lists those calls that the ones before it do not. */
    "CREATE TABLE call ("
    " place INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, begun INTEGER NOT NULL,"
    " answered INTEGER NOT NULL, ended INTEGER NOT NULL, call_id TEXT NOT NULL,"
    " from_uri TEXT NOT NULL, from_number TEXT NOT NULL, to_uri TEXT NOT NULL,"
    " to_number TEXT NOT NULL, caller TEXT NOT NULL, route TEXT NOT NULL,"
    " status INTEGER NOT NULL, ended_by TEXT NOT NULL, audio TEXT NOT NULL);"
    "CREATE INDEX call_begun ON call (begun, id);"
    "CREATE INDEX call_from ON call (from_number, begun, id);"
    "CREATE INDEX call_to ON call (to_number, begun, id) WHERE to_number <> from_number;"
    "CREATE INDEX call_caller ON call (caller, begun, id)"
    " WHERE caller <> from_number AND caller <> to_number;",

    /* Whose audio passes through the server; numbered as in db/store.h. */
    "ALTER TABLE user ADD COLUMN audio INTEGER NOT NULL DEFAULT 0;",
};

const int sqlite_schema_version = sizeof(migrations) / sizeof(*migrations);

/* journal_row(...): a binding of schema 2 as a row of the journal. */
static void journal_row(sqlite3_context *context, int count, sqlite3_value **value)
{
    struct view text[12];
    struct pack row = {0};

    for (int i = 0; i < count; i++) {
        const void *p = sqlite3_value_blob(value[i]);

        text[i] = (struct view){p ? p : "", p ? (size_t)sqlite3_value_bytes(value[i]) : 0};
    }
    journal_pack(&row, &(struct store_binding){.number = text[0],
                                               .domain = text[1],
                                               .contact = text[2],
                                               .expires = sqlite3_value_int64(value[3]),
                                               .call_id = text[4],
                                               .cseq = (uint32_t)sqlite3_value_int64(value[5]),
                                               .q = (uint16_t)sqlite3_value_int(value[6]),
                                               .path = text[7],
                                               .instance = text[8],
                                               .user_agent = text[9],
                                               .flow = text[10],
                                               .registered = sqlite3_value_int64(value[11])});
    if (row.error)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_blob64(context, row.p, row.n, SQLITE_TRANSIENT);
    pack_free(&row);
}

static enum error read_number(sqlite3 *db, const char *path, const char *sql, int *out,
                              char error[256])
{
    sqlite3_stmt *q = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(q);
    if (result == SQLITE_ROW)
        *out = sqlite3_column_int(q, 0);
    (void)sqlite3_finalize(q);
    return result == SQLITE_ROW ? OK : sqlite_error(db, path, result, error);
}

enum error sqlite_schema_found(sqlite3 *db, const char *path, int *version, char error[256])
{
    int application = 0, tables = 0;
    enum error e = read_number(db, path, "PRAGMA user_version", version, error);

    if (!e)
        e = read_number(db, path, "PRAGMA application_id", &application, error);
    if (!e)
        e = read_number(db, path, "SELECT count(*) FROM sqlite_master", &tables, error);
    if (e)
        return e;
    if (tables && application != atoi(APPLICATION)) {
        sqlite_text(error, "%s belongs to another program; name another file for the database",
                    path);
        return ERR_STORE;
    }
    return OK;
}

static enum error refuse_newer(const char *path, int found, char error[256])
{
    sqlite_text(error,
                "%s was written by a newer offhook (schema %d, this one knows %d); use that "
                "version, or a backup",
                path, found, sqlite_schema_version);
    return ERR_VERSION;
}

static enum error migrate_step(sqlite3 *db, const char *path, int from, char error[256])
{
    char version[64];
    int result =
        sqlite3_create_function(db, "journal_row", 12, SQLITE_UTF8, NULL, journal_row, NULL, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    (void)snprintf(version, sizeof(version), "PRAGMA user_version = %d", from + 1);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, migrations[from], NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, version, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        return OK;
    (void)sqlite_error(db, path, result, error);
    if (!sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result == SQLITE_NOMEM ? ERR_MEMORY : ERR_STORE;
}

enum error sqlite_schema_migrate(sqlite3 *db, const char *path, char error[256])
{
    bool is_new;
    int version = 0;
    enum error e = sqlite_schema_found(db, path, &version, error);

    if (!e && version > sqlite_schema_version)
        e = refuse_newer(path, version, error);
    is_new = version == 0;
    for (; !e && version < sqlite_schema_version; version++) {
        e = migrate_step(db, path, version, error);
        if (!e && !is_new)
            log_info("database %s: schema %d -> %d", path, version, version + 1);
    }
    return e;
}

enum error sqlite_schema_require(sqlite3 *db, const char *path, char error[256])
{
    int version = 0;
    enum error e = sqlite_schema_found(db, path, &version, error);

    if (e)
        return e;
    if (version > sqlite_schema_version)
        return refuse_newer(path, version, error);
    if (version < sqlite_schema_version) {
        sqlite_text(error,
                    "%s has the older schema %d (this offhook needs %d); bring it up to date "
                    "with: offhook database migrate",
                    path, version, sqlite_schema_version);
        return ERR_VERSION;
    }
    return OK;
}
