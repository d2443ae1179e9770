/* offhook check: is the configuration right, and does the database fit it? */
#include "cli/cli.h"
#include "server/tls_files.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
    const struct cli *cli;
    const struct config *config;
    json_t *problems, *notes; /* arrays of texts */
};

__attribute__((format(printf, 2, 0))) static void text_keep(json_t *texts, const char *format,
                                                            va_list list)
{
    char text[CLI_TEXT];
    vsnprintf(text, sizeof(text), format, list);
    if (json_array_append_new(texts, json_string(text)) != 0)
        json_array_append_new(texts, json_string("a text that is not UTF-8"));
}

__attribute__((format(printf, 2, 3))) static bool problem_add(struct check *c, const char *format,
                                                              ...)
{
    va_list list;
    va_start(list, format);
    text_keep(c->problems, format, list);
    va_end(list);
    return false;
}

__attribute__((format(printf, 2, 3))) static bool note_add(struct check *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_keep(c->notes, format, list);
    va_end(list);
    return true;
}

static void config_problem_add(void *arg, const char *text)
{
    problem_add(arg, "%s", text);
}

/* Users whose hashes were made for another realm cannot register: an error. */
static bool realm_check(struct check *c, struct store *store)
{
    uint64_t count = 0;
    char example[256] = "";
    const char *realm = c->config->auth.realm, *database = c->config->database;
    if (store->ops->realm_misfits(store, view_of(realm), &count, example))
        return problem_add(c, "%s: %s", database, store->error);
    if (count == 0)
        return note_add(c, "%s: the users fit the realm %s", database, realm);
    return problem_add(c,
                       "%" PRIu64 " user%s in %s cannot register: their passwords were stored for "
                       "the realm \"%s\", not \"%s\"; set auth { realm = \"%s\" }, or give them "
                       "new passwords with \"offhook user password\"",
                       count, count == 1 ? "" : "s", database, example, realm, example);
}

/* False when the file cannot be read as it is: broken, newer, or still to be migrated. */
static bool schema_check(struct check *c)
{
    int found = 0, ours = 0;
    char error[256] = "";
    const char *database = c->config->database;
    if (store_versions(database, &found, &ours, error))
        return problem_add(c, "%s", error);
    if (found > ours)
        return problem_add(c,
                           "%s has schema %d and this program knows %d; use the newer version of "
                           "offhook that wrote it",
                           database, found, ours);
    note_add(c, "%s: schema %d%s", database, found,
             found < ours ? ", brought up to date at the next start" : "");
    return found == ours;
}

static bool database_there(struct check *c)
{
    const char *database = c->config->database;
    if (strstr(database, "://") || access(database, R_OK) == 0)
        return true;
    if (errno == ENOENT)
        note_add(c, "%s: not there yet, made at the first start", database);
    else
        note_add(c, "%s: not looked into (%s); run this as root to check it too", database,
                 strerror(errno));
    return false;
}

static void database_look(struct check *c)
{
    char error[256] = "";
    struct store *store = NULL;
    if (!database_there(c) || !schema_check(c))
        return;
    if (store_open(&store, c->config->database, STORE_READ, error)) {
        problem_add(c, "%s", error);
        return;
    }
    realm_check(c, store);
    store->ops->close(store);
}

/* The accounts that a daemon started as root would drop to. */
static void accounts_look(struct check *c)
{
    const char *const names[] = {c->config->user, c->config->keeper_user};
    size_t count = strcmp(names[0], names[1]) == 0 ? 1 : 2;

    for (size_t i = 0; i < count; i++)
        if (!getpwnam(names[i]))
            problem_add(c,
                        "the account \"%s\" does not exist, so offhookd does not start as root; "
                        "create it: useradd --system --no-create-home --shell /usr/sbin/nologin %s",
                        names[i], names[i]);
}

/* False for who may not read what the daemon, started as root, can. */
static bool key_readable(struct check *c)
{
    const char *key = c->config->tls.key[0] ? c->config->tls.key : c->config->tls.certificate;

    if (geteuid() == 0 || access(key, R_OK) == 0 || errno != EACCES)
        return true;
    note_add(c, "%s: not looked into (%s); run this as root to check it too", key, strerror(errno));
    return false;
}

/* Can certificate, key and authorities be read, and do they fit? */
static void tls_look(struct check *c)
{
    char error[TLS_FILES_ERROR];

    if (!config_has_tls(c->config) || !key_readable(c))
        return;
    if (tls_files_check(c->config, error))
        problem_add(c, "%s", error);
    else
        note_add(c, "%s: the certificate and its key can be used", c->config->tls.certificate);
}

static int check_report(const struct check *c)
{
    size_t index;
    const json_t *text;
    bool good = json_array_size(c->problems) == 0;
    if (c->cli->json) {
        json_t *all =
            json_pack("{s:b,s:O,s:O}", "ok", good, "problems", c->problems, "notes", c->notes);
        output_json(all);
        json_decref(all);
        return good ? CLI_DONE : CLI_FAILED;
    }
    json_array_foreach(c->notes, index, text)
    {
        output_text(stdout, json_string_value(text));
        putchar('\n');
    }
    json_array_foreach(c->problems, index, text)
    {
        cli_fail("%s", json_string_value(text));
    }
    return good ? CLI_DONE : CLI_FAILED;
}

static void config_look(struct cli *cli, struct check *c)
{
    const char *name = cli->config_path ? cli->config_path : config_default_path();
    char *text = NULL;
    size_t size = 0;
    enum error e = config_read(cli->config_path, &text, &size);
    if (e) {
        problem_add(c, "%s cannot be read: %s; name another with -c FILE", name,
                    e == ERR_SYSTEM ? strerror(errno) : error_text(e));
        return;
    }
    c->config = cli->config = config_parse(name, text, size, config_problem_add, c);
    free(text);
    if (!c->config)
        return;
    if (access(name, F_OK) == 0)
        note_add(c, "%s: ok", name);
    else
        note_add(c, "%s: not there, so every key has its default", name);
    if (geteuid() == 0)
        accounts_look(c);
    tls_look(c);
    database_look(c);
}

int cli_check(struct cli *cli)
{
    struct check c = {.cli = cli, .problems = json_array(), .notes = json_array()};
    int status = CLI_FAILED;
    if (c.problems && c.notes) {
        config_look(cli, &c);
        status = check_report(&c);
    } else {
        cli_fail("check: %s", error_text(ERR_MEMORY));
    }
    json_decref(c.problems);
    json_decref(c.notes);
    return status;
}
