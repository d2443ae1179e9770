/* Certificate, key and authorities on their way to the sip role. They pass through the parent a
 * piece at a time: no heap of its ever holds the key. */
#include "server/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES     3
#define FILE_MAX  (1U << 20)
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

/* How the memfd begins; the contents follow. */
struct tls_head {
    uint32_t sizes[FILES];
};

/* What is read in place of keys that are not set. */
static void paths_of(const struct config *c, const char *paths[FILES])
{
    paths[0] = c->tls.certificate;
    paths[1] = c->tls.key[0] ? c->tls.key : c->tls.certificate;
    paths[2] = c->tls.ca[0] ? c->tls.ca : SYSTEM_CA;
}

/* Appends what in holds to out. errno tells. */
static bool bytes_copy(int out, int in, uint32_t *size)
{
    char piece[4096];
    bool good = true;
    ssize_t n = 1;
    *size = 0;
    while (good && n) {
        n = read(in, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        good = n >= 0 && write(out, piece, (size_t)n) == n;
        *size += good ? (uint32_t)n : 0;
        if (*size > FILE_MAX) {
            errno = EFBIG;
            good = false;
        }
    }
    explicit_bzero(piece, sizeof piece);
    return good;
}

static bool file_copy(int out, const char *path, uint32_t *size)
{
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a pipe must not hold us */
    if (in < 0)
        return false;
    bool good = bytes_copy(out, in, size);
    int saved = errno;
    close(in);
    errno = saved;
    return good;
}

static bool files_copy(int out, const struct config *c, char error[TLS_FILES_ERROR])
{
    static const char *const keys[FILES] = {"tls.certificate", "tls.key", "tls.ca"};
    struct tls_head head = {{0}};
    const char *paths[FILES];
    paths_of(c, paths);
    bool good = pwrite(out, &head, sizeof head, 0) == sizeof head &&
                lseek(out, sizeof head, SEEK_SET) == sizeof head;
    for (int i = 0; i < FILES && good; i++) {
        if (file_copy(out, paths[i], &head.sizes[i]))
            continue;
        if (i == 2 && !c->tls.ca[0] && errno == ENOENT) /* then nobody is trusted */
            continue;
        snprintf(error, TLS_FILES_ERROR, "%s: %.200s cannot be read: %s", keys[i], paths[i],
                 strerror(errno));
        return false;
    }
    return good && pwrite(out, &head, sizeof head, 0) == sizeof head &&
           !fcntl(out, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

enum error tls_files_seal(int *out, const struct config *c, char error[TLS_FILES_ERROR])
{
    int fd = memfd_create("offhook-tls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *out = -1;
    snprintf(error, TLS_FILES_ERROR, "there is no room for the files of tls { }");
    if (fd < 0)
        return ERR_SYSTEM;
    if (!files_copy(fd, c, error)) {
        close(fd);
        return ERR_SYSTEM;
    }
    *out = fd;
    return OK;
}

/* Points files into the size bytes at map. */
static bool head_read(struct tls_files *files, const char *map, size_t size)
{
    struct tls_file *const each[FILES] = {&files->certificate, &files->key, &files->ca};
    struct tls_head head;
    size_t at = sizeof head;
    memcpy(&head, map, sizeof head);
    for (int i = 0; i < FILES; i++) {
        if (head.sizes[i] > size - at)
            return false;
        each[i]->bytes = (struct view){map + at, head.sizes[i]};
        at += head.sizes[i];
    }
    return true;
}

enum error tls_files_open(struct tls **out, int fd, const struct config *c, char error[TLS_ERROR])
{
    const char *paths[FILES];
    struct stat status = {0};
    char *map = MAP_FAILED;
    enum error e = ERR_SYSTEM;
    paths_of(c, paths);
    struct tls_files files = {{VIEW_NONE, paths[0]}, {VIEW_NONE, paths[1]}, {VIEW_NONE, paths[2]}};
    *out = NULL;
    snprintf(error, TLS_ERROR, "the files of tls { } did not arrive");
    if (!fstat(fd, &status) && (size_t)status.st_size >= sizeof(struct tls_head))
        map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return ERR_SYSTEM;
    if (head_read(&files, map, (size_t)status.st_size))
        e = tls_new(out, &files, c->tls.verify_client, error);
    munmap(map, (size_t)status.st_size);
    return e;
}

enum error tls_files_check(const struct config *c, char error[TLS_FILES_ERROR])
{
    struct tls *tls = NULL;
    int fd;
    enum error e = tls_files_seal(&fd, c, error);
    if (e)
        return e;
    e = tls_files_open(&tls, fd, c, error);
    tls_free(tls);
    close(fd);
    return e;
}
