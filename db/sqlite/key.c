/* The key beside the database: a file of its own, so that a copy of the database alone opens
 * nothing. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sqlite/sqlite.h"

static enum error key_failed(struct sqlite *s, const char *what)
{
    sqlite_text(s->store.error, "%s %s.key: %s", what, s->path, strerror(errno));
    return ERR_SYSTEM;
}

/* A file that was just made lasts once its folder is on disk, too. */
static void folder_sync(const char *name)
{
    char copy[PATH_MAX];
    int fd;

    (void)snprintf(copy, sizeof(copy), "%s", name);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static enum error key_make(struct sqlite *s, const char *name, uint8_t out[STORE_KEY])
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written;

    if (fd < 0)
        return key_failed(s, "cannot create");
    random_bytes(out, STORE_KEY);
    written = write(fd, out, STORE_KEY) == STORE_KEY && fsync(fd) == 0;
    if (!written) {
        enum error e = key_failed(s, "cannot write");

        (void)close(fd);
        (void)unlink(name);
        return e;
    }
    (void)close(fd);
    folder_sync(name);
    return OK;
}

static enum error key_read(struct sqlite *s, int fd, uint8_t out[STORE_KEY])
{
    uint8_t more;
    ssize_t n = read(fd, out, STORE_KEY);

    if (n < 0)
        return key_failed(s, "cannot read");
    if (n == STORE_KEY && read(fd, &more, 1) == 0)
        return OK;
    sqlite_text(s->store.error,
                "%s.key is damaged; put a copy of it in its place, or remove it and give the "
                "gateways their passwords anew",
                s->path);
    return ERR_STORE;
}

enum error sqlite_key(struct store *store, bool make, uint8_t out[STORE_KEY])
{
    struct sqlite *s = sqlite_of(store);
    char name[PATH_MAX];
    int n = snprintf(name, sizeof(name), "%s.key", s->path), fd;
    enum error e;

    if (n < 0 || (size_t)n >= sizeof(name)) {
        sqlite_text(store->error, "the name of the database is too long");
        return ERR_LIMIT;
    }
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return make ? key_make(s, name, out) : ERR_NOT_FOUND;
    if (fd < 0)
        return key_failed(s, "cannot open");
    e = key_read(s, fd, out);
    (void)close(fd);
    return e;
}
