/* A consistent copy of the database into a new file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "db/sqlite/sqlite.h"

static enum error copy_into(struct sqlite *s, sqlite3 *to, const char *path)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
    int result;

    if (!b)
        return sqlite_error(to, path, sqlite3_errcode(to), s->store.error);
    (void)sqlite3_backup_step(b, -1);
    result = sqlite3_backup_finish(b);
    /* one file that can be carried away, without a log beside it */
    if (result == SQLITE_OK)
        result = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    return result == SQLITE_OK ? OK : sqlite_error(to, path, result, s->store.error);
}

enum error sqlite_backup(struct store *store, const char *path)
{
    struct sqlite *s = sqlite_of(store);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3 *to = NULL;
    enum error e;
    int result;

    if (fd < 0 && errno == EEXIST) {
        sqlite_text(store->error, "%s exists already; name another file", path);
        return ERR_EXISTS;
    }
    if (fd < 0) {
        sqlite_text(store->error, "cannot create %s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    (void)close(fd);
    result = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    e = result == SQLITE_OK ? copy_into(s, to, path) : sqlite_error(to, path, result, store->error);
    (void)sqlite3_close(to);
    if (e)
        (void)unlink(path);
    return e;
}
