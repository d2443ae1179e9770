/* The store without a daemon: the same commands, under the account that owns the database. */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/command.h"

struct local_items {
    client_item *item;
    void *arg;
    bool stopped;
};

/* The account that files of the database belong to: the file's own, else keeper-user. */
static enum error owner_find(const struct config *config, uid_t *uid, gid_t *gid,
                             char error[CLI_TEXT])
{
    struct stat file;
    if (stat(config->database, &file) == 0) {
        *uid = file.st_uid;
        *gid = file.st_gid;
        return OK;
    }
    const struct passwd *account = getpwnam(config->keeper_user);
    if (!account) {
        snprintf(error, CLI_TEXT,
                 "there is no account %s (keeper-user); create it with \"useradd --system "
                 "--shell /usr/sbin/nologin %s\"",
                 config->keeper_user, config->keeper_user);
        return ERR_NOT_FOUND;
    }
    *uid = account->pw_uid;
    *gid = account->pw_gid;
    return OK;
}

/* Can the files beside the database be made? Said here, where the remedy is known. */
static enum error directory_check(const struct config *config, char error[CLI_TEXT])
{
    char directory[PATH_MAX];
    if (strstr(config->database, "://") ||
        snprintf(directory, sizeof(directory), "%s", config->database) >= PATH_MAX)
        return OK;
    const char *parent = dirname(directory), *keeper = config->keeper_user;
    if (access(parent, W_OK | X_OK) == 0)
        return OK;
    if (errno == ENOENT) {
        snprintf(error, CLI_TEXT,
                 "there is no directory %.100s; as root, make it with \"install -d -m 700 -o %.32s "
                 "%.100s\"",
                 parent, keeper, parent);
        return ERR_NOT_FOUND;
    }
    const struct passwd *account = getpwuid(geteuid());
    snprintf(error, CLI_TEXT,
             "the account %.32s may not write into %.100s; run this as root, or as root give it "
             "the directory with \"chown %.32s %.100s\"",
             account ? account->pw_name : "of this command", parent, keeper, parent);
    return ERR_DENIED;
}

/* Gives root up for good, so that every file made from now on has the right owner. */
static enum error owner_become(const struct config *config, char error[CLI_TEXT])
{
    uid_t uid;
    gid_t gid;
    if (geteuid() != 0)
        return OK;
    enum error e = owner_find(config, &uid, &gid, error);
    if (e || uid == 0)
        return e;
    if (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
        snprintf(error, CLI_TEXT, "cannot become the account that owns %s: %s", config->database,
                 strerror(errno));
        return ERR_SYSTEM;
    }
    return OK;
}

enum error local_open(struct cli *cli, char error[CLI_TEXT])
{
    const struct config *config = cli_config(cli);
    if (!config) {
        snprintf(error, CLI_TEXT, "the configuration cannot be read");
        return ERR_SYNTAX;
    }
    enum error e = owner_become(config, error);
    if (!e)
        e = directory_check(config, error);
    umask(077);
    return e ? e : store_open(&cli->store, config->database, STORE_SERVE, error);
}

static void item_pass(void *arg, json_t *item)
{
    struct local_items *items = arg;
    if (items->item && !items->stopped)
        items->stopped = !items->item(items->arg, item);
}

json_t *local_call(struct cli *cli, json_t *request, client_item *item, void *arg)
{
    struct local_items items = {.item = item, .arg = arg};
    struct command_context context = {
        .store = cli->store,
        .default_domain = view_of(cli->config->domains[0]),
        .realm = view_of(cli->config->auth.realm),
        .item = item_pass,
        .arg = &items,
    };
    json_t *closing = command_run(&context, request);
    if (!closing)
        cli_fail("%s: %s", cli->command->words, error_text(ERR_MEMORY));
    return closing;
}
