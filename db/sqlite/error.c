/* SQLite's results turned into our errors, with texts that tell people what to do. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "db/sqlite/sqlite.h"

void sqlite_text(char text[256], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, 256, format, args);
    va_end(args);
}

/* SQLite says "disk I/O error"; the system knows better. */
static enum error input_output(sqlite3 *db, const char *path, char text[256])
{
    int number = db ? sqlite3_system_errno(db) : 0;

    sqlite_text(text, "database %s: %s%s%s", path, sqlite3_errstr(SQLITE_IOERR), number ? ", " : "",
                number ? strerror(number) : "");
    return ERR_STORE;
}

enum error sqlite_error(sqlite3 *db, const char *path, int result, char text[256])
{
    if (result == SQLITE_IOERR_NOMEM)
        result = SQLITE_NOMEM;
    switch (result & 0xff) {
    case SQLITE_NOMEM:
        sqlite_text(text, "no memory left for the database %s", path);
        return ERR_MEMORY;
    case SQLITE_NOTADB:
        sqlite_text(text, "%s is not a SQLite database; name another file or move it away", path);
        return ERR_STORE;
    case SQLITE_FULL:
        sqlite_text(text, "no room on the disk for the database %s", path);
        return ERR_STORE;
    case SQLITE_CORRUPT:
        sqlite_text(text, "the database %s is damaged; put a backup in its place", path);
        return ERR_STORE;
    case SQLITE_IOERR:
        return input_output(db, path, text);
    case SQLITE_CONSTRAINT:
        sqlite_text(text, "it exists already");
        return ERR_EXISTS;
    default:
        sqlite_text(text, "database %s: %s", path,
                    db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
        return ERR_STORE;
    }
}

enum error sqlite_failed(struct sqlite *s, int result)
{
    enum error e = sqlite_error(s->db, s->path, result, s->store.error);

    /* a constraint undoes its own statement only; after the rest SQLite may have rolled back */
    if (s->transaction && e != ERR_EXISTS)
        s->failed = true;
    return e;
}
