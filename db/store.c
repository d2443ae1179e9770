/* Which back end a database url means. */
#include "db/store.h"
#include "db/sqlite/sqlite.h"

static enum error url_check(const char *url, char error[256])
{
    struct view v = view_of(url);

    if (v.n == 0) {
        sqlite_text(error, "no database is named; set database in offhook.conf");
        return ERR_STORE;
    }
    if (view_istarts(v, VIEW("postgresql://")) || view_istarts(v, VIEW("postgres://"))) {
        sqlite_text(error, "PostgreSQL is not supported yet; set database to the path of a file");
        return ERR_STORE;
    }
    if (view_ifind(v, VIEW("://")) < v.n) {
        sqlite_text(error, "unknown kind of database \"%s\"; set database to the path of a file",
                    url);
        return ERR_STORE;
    }
    return OK;
}

enum error store_open(struct store **out, const char *url, enum store_mode mode, char error[256])
{
    enum error e = url_check(url, error);

    *out = NULL;
    return e ? e : sqlite_open(out, url, mode, error);
}

enum error store_versions(const char *url, int *found, int *ours, char error[256])
{
    enum error e = url_check(url, error);
    sqlite3 *db = NULL;

    *found = 0;
    *ours = sqlite_schema_version;
    if (!e)
        e = sqlite_connect(&db, url, STORE_READ, error);
    if (!e)
        e = sqlite_schema_found(db, url, found, error);
    (void)sqlite3_close(db);
    return e;
}
