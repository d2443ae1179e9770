/* Is everything in the database as it should be? */
#include "db/sqlite/sqlite.h"

/* Each tells its findings as texts, one a row. Run seldom, so not kept prepared. */
static const char *const checks[] = {
    "SELECT integrity_check FROM pragma_integrity_check(100) WHERE integrity_check <> 'ok'",
    "SELECT 'user ' || number || '@' || domain || ': the hashes are damaged; remove it and "
    "add it anew' FROM user WHERE typeof(hashes) <> 'blob' OR length(hashes) <> 192 LIMIT 100",
    "SELECT 'user ' || number || '@' || domain || ': the number or the domain is malformed' "
    "FROM user WHERE number = '' OR domain = '' OR domain <> lower(domain) LIMIT 100",
    "SELECT 'user ' || a.number || '@' || a.domain || ': its auth name is the number of another "
    "user' FROM user a JOIN user b ON b.domain = a.domain AND b.number = a.auth_name "
    "WHERE a.auth_name <> '' AND a.auth_name <> a.number LIMIT 100",
    "SELECT 'alias ' || number || '@' || domain || ': it has no target' FROM alias "
    "WHERE target = '' LIMIT 100",
    "SELECT 'forward of ' || number || '@' || domain || ': it is malformed' FROM forward "
    "WHERE target = '' OR kind NOT BETWEEN 0 AND 3 OR after NOT BETWEEN 0 AND 180 LIMIT 100",
    "SELECT 'gateway ' || name || ': it is malformed' FROM gateway WHERE name = '' OR uri = '' "
    "OR typeof(password) <> 'blob' LIMIT 100",
    "SELECT 'route ' || prefix || ': it is malformed' FROM route WHERE gateways = '' "
    "OR strip NOT BETWEEN 0 AND 32 LIMIT 100",
    "SELECT 'row ' || id || ' of the bindings is damaged' FROM journal "
    "WHERE typeof(bindings) <> 'blob' OR length(bindings) = 0 OR substr(bindings, 1, 1) <> x'01' "
    "LIMIT 100",
    "SELECT 'call ' || printf('%016x', id) || ': it is malformed' FROM call "
    "WHERE id = 0 OR begun <= 0 OR ended <= 0 OR status NOT BETWEEN 0 AND 699 LIMIT 100",
    "SELECT 'secret ' || name || ': it is empty' FROM secret WHERE length(value) = 0 LIMIT 100",
};

_Static_assert(CREDENTIAL_PACKED == 192, "the check above names the size");

static enum error check_run(struct sqlite *s, const char *sql,
                            void (*problem)(void *arg, const char *text), void *arg)
{
    sqlite3_stmt *q = NULL;
    int result = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);

    if (result == SQLITE_OK)
        while ((result = sqlite3_step(q)) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(q, 0);

            problem(arg, text ? text : "a row that cannot be read");
        }
    (void)sqlite3_finalize(q);
    return result == SQLITE_DONE ? OK : sqlite_failed(s, result);
}

enum error sqlite_check(struct store *store, void (*problem)(void *arg, const char *text),
                        void *arg)
{
    struct sqlite *s = sqlite_of(store);
    enum error first = OK;

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        enum error e = check_run(s, checks[i], problem, arg);

        if (e == ERR_MEMORY)
            return e;
        /* a file too damaged to be walked is a finding, too */
        if (e)
            problem(arg, store->error);
        first = first ? first : e;
    }
    return first;
}
