/* The SQLite back end: opening, locking, pragmas, closing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sqlite/sqlite.h"

#define BUSY_MS 5000 /* a restart of the log may hold the writer up; never for long */

static const char pragmas_serve[] = "PRAGMA journal_mode = WAL;"
                                    "PRAGMA synchronous = FULL;"
                                    "PRAGMA wal_autocheckpoint = 0;"
                                    "PRAGMA temp_store = MEMORY;"
                                    "PRAGMA cache_size = -4096;"
                                    "PRAGMA mmap_size = 0;"
                                    "PRAGMA trusted_schema = OFF;";
static const char pragmas_read[] = "PRAGMA temp_store = MEMORY;"
                                   "PRAGMA cache_size = -4096;"
                                   "PRAGMA mmap_size = 0;"
                                   "PRAGMA trusted_schema = OFF;";

static int wal_grew(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sqlite *s = arg;

    (void)db;
    (void)name;
    s->wal_pages = (unsigned)pages;
    return SQLITE_OK;
}

static void sqlite_close(struct store *store)
{
    struct sqlite *s = sqlite_of(store);

    if (s->db)
        sqlite_rollback(store);
    tidy_free(s->tidy);
    for (int i = 0; i < SLOTS; i++)
        (void)sqlite3_finalize(s->statements[i]);
    (void)sqlite3_close(s->db);
    if (s->lock >= 0)
        (void)close(s->lock);
    pack_free(&s->row);
    pack_free(&s->gathered);
    free(s->path);
    free(s);
}

static const struct store_ops sqlite_ops = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .user_put = sqlite_user_put,
    .user_get = sqlite_user_get,
    .user_limit = sqlite_user_limit,
    .user_audio = sqlite_user_audio,
    .user_remove = sqlite_user_remove,
    .user_each = sqlite_user_each,
    .realm_misfits = sqlite_realm_misfits,
    .alias_put = sqlite_alias_put,
    .alias_remove = sqlite_alias_remove,
    .alias_each = sqlite_alias_each,
    .forward_put = sqlite_forward_put,
    .forward_remove = sqlite_forward_remove,
    .forward_each = sqlite_forward_each,
    .gateway_add = sqlite_gateway_add,
    .gateway_password = sqlite_gateway_password,
    .gateway_remove = sqlite_gateway_remove,
    .gateway_each = sqlite_gateway_each,
    .route_add = sqlite_route_add,
    .route_remove = sqlite_route_remove,
    .route_each = sqlite_route_each,
    .key = sqlite_key,
    .binding_put = sqlite_binding_put,
    .binding_each = sqlite_binding_each,
    .binding_prune = sqlite_binding_prune,
    .ban_put = sqlite_ban_put,
    .ban_remove = sqlite_ban_remove,
    .ban_each = sqlite_ban_each,
    .ban_prune = sqlite_ban_prune,
    .call_put = sqlite_call_put,
    .call_each = sqlite_call_each,
    .call_prune = sqlite_call_prune,
    .secret = sqlite_secret,
    .backup = sqlite_backup,
    .check = sqlite_check,
    .tidy = sqlite_tidy,
};

/* Makes the file before SQLite does, so that nobody else can ever read it. */
static enum error create_private(const char *path, char error[256])
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        sqlite_text(error, "cannot open the database %s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    (void)close(fd);
    return OK;
}

static enum error lock_take(struct sqlite *s, char error[256])
{
    char name[4096];
    int n = snprintf(name, sizeof(name), "%s.lock", s->path);

    if (n < 0 || (size_t)n >= sizeof(name)) {
        sqlite_text(error, "the name of the database is too long");
        return ERR_LIMIT;
    }
    s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) {
        sqlite_text(error, "cannot open %s: %s", name, strerror(errno));
        return ERR_SYSTEM;
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        sqlite_text(error, "the database %s is in use by another process", s->path);
        return ERR_BUSY;
    }
    return OK;
}

enum error sqlite_connect(sqlite3 **db, const char *path, enum store_mode mode, char error[256])
{
    int flags = mode == STORE_SERVE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int result = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (result != SQLITE_OK)
        return sqlite_error(*db, path, result, error);
    (void)sqlite3_extended_result_codes(*db, 1);
    (void)sqlite3_busy_timeout(*db, BUSY_MS);
    result =
        sqlite3_exec(*db, mode == STORE_SERVE ? pragmas_serve : pragmas_read, NULL, NULL, NULL);
    return result == SQLITE_OK ? OK : sqlite_error(*db, path, result, error);
}

static enum error open_files(struct sqlite *s, enum store_mode mode, char error[256])
{
    enum error e;

    if (mode == STORE_SERVE) {
        e = lock_take(s, error);
        if (!e)
            e = create_private(s->path, error);
        if (!e)
            e = sqlite_connect(&s->db, s->path, mode, error);
        if (!e)
            e = sqlite_schema_migrate(s->db, s->path, error);
        if (!e)
            (void)sqlite3_wal_hook(s->db, wal_grew, s);
        return e;
    }
    if (access(s->path, R_OK) != 0) {
        sqlite_text(error, "cannot read the database %s: %s", s->path, strerror(errno));
        return ERR_SYSTEM;
    }
    e = sqlite_connect(&s->db, s->path, mode, error);
    return e ? e : sqlite_schema_require(s->db, s->path, error);
}

enum error sqlite_open(struct store **out, const char *path, enum store_mode mode, char error[256])
{
    struct sqlite *s = calloc(1, sizeof(*s));
    enum error e = ERR_MEMORY;

    *out = NULL;
    if (!s) {
        sqlite_text(error, "no memory left");
        return ERR_MEMORY;
    }
    s->store.ops = &sqlite_ops;
    s->lock = -1;
    s->path = strdup(path);
    if (s->path)
        e = open_files(s, mode, error);
    else
        sqlite_text(error, "no memory left");
    if (e)
        sqlite_close(&s->store);
    else
        *out = &s->store;
    return e;
}
