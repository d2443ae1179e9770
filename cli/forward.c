/* offhook forward: where calls go that a user does not take. */
#include "cli/cli.h"

#include "db/forward.h"

static const struct output_column columns[] = {
    {"NUMBER", "number", false}, {"DOMAIN", "domain", false}, {"WHEN", "when", false},
    {"AFTER", "after", true},    {"TARGET", "target", false},
};

/* The kinds that were given as options, as a list; NULL after a problem was told. */
static json_t *kinds_given(const struct cli *cli)
{
    json_t *kinds = json_array();
    for (int i = 0; kinds && i < FORWARD_KINDS; i++) {
        const char *name = forward_kind_name((enum forward_kind)i);
        if (cli_option(cli, name) && json_array_append_new(kinds, json_string(name)) != 0) {
            json_decref(kinds);
            kinds = NULL;
        }
    }
    if (!kinds)
        cli_fail("%s: %s", cli->command->words, error_text(ERR_MEMORY));
    return kinds;
}

int cli_forward_set(struct cli *cli)
{
    uint64_t after = 0;
    int status = cli_number(cli, "after", 1, FORWARD_AFTER_MAX, &after);
    if (status != CLI_DONE)
        return status;
    if (after && !cli_option(cli, "no-answer"))
        return cli_misuse(cli, "--after belongs to --no-answer");
    json_t *kinds = kinds_given(cli);
    if (!kinds)
        return CLI_FAILED;
    if (json_array_size(kinds) == 0) {
        json_decref(kinds);
        return cli_misuse(cli, "name --always, --busy, --no-answer or --unreachable");
    }
    json_t *request =
        cli_request(cli, "number", cli->arguments[0], "target", cli->arguments[1], NULL);
    request = cli_request_add(cli, request, "kinds", kinds);
    if (after)
        request = cli_request_add(cli, request, "after", json_integer((json_int_t)after));
    return cli_act(cli, request, "set");
}

int cli_forward_clear(struct cli *cli)
{
    json_t *kinds = kinds_given(cli);
    if (!kinds)
        return CLI_FAILED;
    json_t *request = cli_request(cli, "number", cli->arguments[0], NULL);
    request = cli_request_add(cli, request, "kinds", kinds);
    json_t *closing = request ? client_call(cli, request, NULL, NULL) : NULL;
    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    json_int_t removed = json_integer_value(json_object_get(closing, "removed"));
    if (cli->json)
        output_json(closing);
    else
        printf("%" JSON_INTEGER_FORMAT " forward%s of %s ended\n", removed, removed == 1 ? "" : "s",
               cli->arguments[0]);
    json_decref(closing);
    return CLI_DONE;
}

int cli_forward_show(struct cli *cli)
{
    const char *number = cli->argument_count ? cli->arguments[0] : NULL;
    return output_list(cli, cli_request(cli, "number", number, NULL), columns,
                       sizeof(columns) / sizeof(columns[0]));
}
