/* The sandbox: from root to an account without anything, in an order that needs each right once. */
#include "server/sandbox.h"

#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/seccomp.h"

static enum error fail(char error[256], const char *what)
{
    snprintf(error, 256, "the sandbox cannot be closed: %.120s: %.80s", what, strerror(errno));
    return ERR_SYSTEM;
}

bool sandbox_chroots(const struct config *config)
{
    return config->sandbox && geteuid() == 0;
}

/* The folder of the file at path, in out. */
static void folder_of(const char *path, char out[4100])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash && slash != path ? (size_t)(slash - path) : 1;
    snprintf(out, 4100, "%.*s", (int)n, slash ? path : "/");
}

static enum error root_change(const char *folder, char error[256])
{
    if (chroot(folder) || chdir("/"))
        return fail(error, folder);
    return OK;
}

/* An empty folder below folder becomes the root and loses its name: nothing stays behind. */
static enum error root_empty_in(const char *folder, char error[256])
{
    char path[4200];
    snprintf(path, sizeof path, "%s/empty-root.XXXXXX", folder);
    int above = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (above < 0 || !mkdtemp(path)) {
        enum error e = fail(error, folder);
        if (above >= 0)
            close(above);
        return e;
    }
    enum error e = root_change(path, error);
    unlinkat(above, strrchr(path, '/') + 1, AT_REMOVEDIR);
    close(above);
    return e;
}

static enum error root_enter(enum role role, const struct config *config, char error[256])
{
    char folder[4100];
    if (role == ROLE_KEEPER) {
        folder_of(config->database, folder);
        return root_change(folder, error);
    }
    folder_of(config->control, folder);
    if (!root_empty_in(folder, error))
        return OK;
    return root_empty_in("/tmp", error);
}

static enum error account_take(const struct passwd *account, char error[256])
{
    if (setgroups(0, NULL))
        return fail(error, "setgroups");
    if (setresgid(account->pw_gid, account->pw_gid, account->pw_gid))
        return fail(error, "setresgid");
    if (setresuid(account->pw_uid, account->pw_uid, account->pw_uid))
        return fail(error, "setresuid");
    return OK;
}

static enum error rights_drop(char error[256])
{
    cap_t none = cap_init();
    bool done = none && !cap_set_proc(none);
    if (none)
        cap_free(none);
    if (!done)
        return fail(error, "capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail(error, "no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return fail(error, "dumpable");
    return OK;
}

static void limits_set(bool threads)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_MSGQUEUE, &none);
    setrlimit(RLIMIT_MEMLOCK, &none);
    if (!threads)
        setrlimit(RLIMIT_NPROC, &none);
}

enum error sandbox_enter(enum role role, const struct config *config, char error[256])
{
    bool root = geteuid() == 0, chroots = sandbox_chroots(config);
    bool threads = role == ROLE_KEEPER || (role == ROLE_SIP && config->workers > 1);
    const char *name = role == ROLE_KEEPER ? config->keeper_user : config->user;
    const struct passwd *account = root ? getpwnam(name) : NULL;
    enum error e = OK;
    if (root && !account) {
        snprintf(error, 256, "the account \"%.32s\" is gone", name);
        return ERR_NOT_FOUND;
    }
#ifdef WITH_SANITIZERS
    if (config->sandbox) {
        snprintf(error, 256,
                 "this offhookd is built with sanitizers, which no sandbox can hold; "
                 "set sandbox = off");
        return ERR_SYSTEM;
    }
#endif
    if (chroots)
        e = root_enter(role, config, error);
    if (!e && root)
        e = account_take(account, error);
    if (e || !config->sandbox)
        return e;
    limits_set(threads);
    e = rights_drop(error);
    return e ? e : seccomp_enter(role, threads, error);
}
