/* Folders and the control socket: what the parent makes in the file system. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/listener.h"

#define BACKLOG 64

/* Cuts path back to its folder; "/" stays. */
static void path_up(char *path)
{
    char *slash = strrchr(path, '/');
    slash[slash == path] = '\0';
}

/* Makes folder and those above it. OK with *made set for a new one. */
static enum error folder_make(const char *folder, mode_t mode, bool *made)
{
    char path[4100];
    struct stat st;
    *made = false;
    if (!stat(folder, &st))
        return S_ISDIR(st.st_mode) ? OK : (errno = ENOTDIR, ERR_SYSTEM);
    if (errno != ENOENT)
        return ERR_SYSTEM;
    snprintf(path, sizeof path, "%s", folder);
    path_up(path);
    enum error e = folder_make(path, 0755, made);
    if (e)
        return e;
    if (mkdir(folder, mode) || chmod(folder, mode))
        return ERR_SYSTEM;
    *made = true;
    return OK;
}

/* May uid write into the folder? */
static bool folder_writable(const struct stat *st, uid_t uid, gid_t gid)
{
    return uid == 0 || (st->st_uid == uid && st->st_mode & S_IWUSR) ||
           (st->st_gid == gid && st->st_mode & S_IWGRP) || st->st_mode & S_IWOTH;
}

enum error database_folder(const char *path, uid_t uid, gid_t gid, char error[LISTENER_ERROR])
{
    char folder[4100];
    struct stat st;
    bool made;
    snprintf(folder, sizeof folder, "%s", path);
    path_up(folder);
    enum error e = folder_make(folder, 0700, &made);
    if (!e && made && geteuid() == 0 && chown(folder, uid, gid))
        e = ERR_SYSTEM;
    if (!e && stat(folder, &st))
        e = ERR_SYSTEM;
    if (e) {
        snprintf(error, LISTENER_ERROR, "database: the folder %.300s cannot be made: %s", folder,
                 strerror(errno));
        return e;
    }
    if (geteuid() != 0 || folder_writable(&st, uid, gid))
        return OK;
    snprintf(error, LISTENER_ERROR,
             "database: the keeper's account may not write into %.300s; give it away: chown %u "
             "%.300s",
             folder, (unsigned)uid, folder);
    return ERR_DENIED;
}

static struct sockaddr_un control_address(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    return a;
}

static int control_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum error control_probe(const char *path, char error[LISTENER_ERROR])
{
    struct sockaddr_un a = control_address(path);
    int fd = control_socket();
    if (fd < 0) {
        snprintf(error, LISTENER_ERROR, "control: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    /* EAGAIN: somebody listens, with a full queue */
    bool busy = !connect(fd, (struct sockaddr *)&a, sizeof a) || errno == EAGAIN;
    close(fd);
    if (!busy)
        return OK;
    snprintf(error, LISTENER_ERROR, "offhookd runs already: it answers on %s", path);
    return ERR_BUSY;
}

/* Takes away the socket of a daemon that is gone. False: something else is in its place. */
static bool control_clear(const char *path)
{
    struct stat st;
    if (lstat(path, &st))
        return errno == ENOENT;
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return !unlink(path);
}

enum error control_open(int *out, const char *path, char error[LISTENER_ERROR])
{
    struct sockaddr_un a = control_address(path);
    char folder[sizeof a.sun_path];
    bool made;
    snprintf(folder, sizeof folder, "%s", path);
    path_up(folder);
    int fd = control_socket();
    /* the keeper looks at who connects: anybody may */
    if (fd >= 0 && !folder_make(folder, 0755, &made) && control_clear(path) &&
        !bind(fd, (struct sockaddr *)&a, sizeof a) && !chmod(path, 0666) && !listen(fd, BACKLOG)) {
        *out = fd;
        return OK;
    }
    snprintf(error, LISTENER_ERROR,
             "control: the socket %s cannot be made: %s; set control to a path in a folder that "
             "this account may write to",
             path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ERR_SYSTEM;
}
