/* offhook database: copies, schema and integrity of the lasting data. */
#include "cli/cli.h"

#include <string.h>

int cli_database_backup(struct cli *cli)
{
    const struct config *config = cli_config(cli);
    struct store *store = NULL;
    char error[CLI_TEXT] = "";
    if (!config)
        return CLI_FAILED;
    if (store_open(&store, config->database, STORE_READ, error))
        return cli_fail("%s", error);
    const char *path = cli->arguments[0];
    enum error e = store->ops->backup(store, path);
    if (e)
        cli_fail("%s", store->error[0] ? store->error : error_text(e));
    else if (!cli->json)
        printf("%s copied to %s\n", config->database, path);
    else
        puts("{\"ok\":true}");
    store->ops->close(store);
    return e ? CLI_FAILED : CLI_DONE;
}

static int migrate_report(const struct cli *cli, int before, int now, const char *how)
{
    if (cli->json)
        printf("{\"ok\":true,\"before\":%d,\"now\":%d}\n", before, now);
    else
        printf("%s: schema %d, %s\n", cli->config->database, now, how);
    return CLI_DONE;
}

int cli_database_migrate(struct cli *cli)
{
    int before = 0, now = 0, ours = 0;
    char error[CLI_TEXT] = "";
    const struct config *config = cli_config(cli);
    if (!config)
        return CLI_FAILED;
    bool served = client_served(cli);
    if (store_versions(config->database, &before, &ours, error))
        before = 0; /* no file yet: opening makes one */
    if (served)
        return migrate_report(cli, before, before, "migrated already by the running offhookd");
    if (local_open(cli, error))
        return cli_fail("%s", error);
    if (store_versions(config->database, &now, &ours, error))
        return cli_fail("%s", error);
    return migrate_report(cli, before, now,
                          before == 0     ? "made new"
                          : before == now ? "up to date already"
                                          : "migrated");
}

struct findings {
    const struct cli *cli;
    json_t *problems; /* array */
};

static bool problem_show(void *arg, json_t *item)
{
    struct findings *f = arg;
    const json_t *problem = json_object_get(item, "problem");
    if (f->cli->json)
        return json_array_append(f->problems, json_object_get(item, "problem")) == 0;
    output_text(stdout, json_is_string(problem) ? json_string_value(problem) : "?");
    putchar('\n');
    return true;
}

int cli_database_check(struct cli *cli)
{
    json_t *request = cli_request(cli, NULL);
    struct findings f = {.cli = cli, .problems = json_array()};
    json_t *closing = request && f.problems ? client_call(cli, request, problem_show, &f) : NULL;
    json_int_t count = json_integer_value(json_object_get(closing, "problems"));
    bool done = closing != NULL;
    if (done && cli->json) {
        json_object_set(closing, "problems", f.problems);
        output_json(closing);
    } else if (done && count == 0) {
        printf("%s: no problems\n", cli->config->database);
    }
    json_decref(request);
    json_decref(f.problems);
    json_decref(closing);
    if (done && count)
        cli_fail("%s has %" JSON_INTEGER_FORMAT " problem%s; keep a copy (offhook database backup "
                 "FILE) and restore the last good one",
                 cli->config->database, count, count == 1 ? "" : "s");
    return done && !count ? CLI_DONE : CLI_FAILED;
}
