/* The configuration file's bytes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/config.h"

#define FILE_MAX (1U << 20)

const char *config_default_path(void)
{
    return SYSCONFDIR "/offhook/offhook.conf";
}

/* Reads fd to its end; errno tells about ERR_SYSTEM and ERR_LIMIT. */
static enum error file_read(int fd, char **text, size_t *size)
{
    size_t room = 4096, n = 0;
    char *p = NULL;
    for (;;) {
        char *grown = p && n < room ? p : realloc(p, room *= 2);
        if (!grown)
            break;
        p = grown;
        ssize_t got = read(fd, p + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        if (!got) {
            *text = p;
            *size = n;
            return OK;
        }
        n += (size_t)got;
        if (n > FILE_MAX) {
            errno = EFBIG;
            break;
        }
    }
    free(p);
    return errno == EFBIG ? ERR_LIMIT : errno == ENOMEM ? ERR_MEMORY : ERR_SYSTEM;
}

enum error config_read(const char *path, char **text, size_t *size)
{
    int fd = open(path ? path : config_default_path(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && !path && errno == ENOENT) {
        *size = 0;
        *text = calloc(1, 1);
        return *text ? OK : ERR_MEMORY;
    }
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    enum error e = file_read(fd, text, size);
    int saved = errno;
    close(fd);
    errno = saved;
    return e;
}
