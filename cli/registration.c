/* offhook registration: which phones are reachable now, and where. */
#include "cli/cli.h"

static const struct output_column columns[] = {
    {"NUMBER", "number", false},         {"DOMAIN", "domain", false},
    {"EXPIRES IN", "expires", true},     {"CONTACT", "contact", false},
    {"USER AGENT", "user-agent", false},
};

int cli_registration_list(struct cli *cli)
{
    const char *number = cli->argument_count ? cli->arguments[0] : NULL;
    return output_list(cli, cli_request(cli, "number", number, NULL), columns,
                       sizeof(columns) / sizeof(columns[0]));
}

int cli_registration_remove(struct cli *cli)
{
    json_t *request = cli_request(cli, "number", cli->arguments[0], NULL);
    json_t *closing = request ? client_call(cli, request, NULL, NULL) : NULL;
    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    json_int_t removed = json_integer_value(json_object_get(closing, "removed"));
    if (cli->json)
        output_json(closing);
    else
        printf("%" JSON_INTEGER_FORMAT " registration%s of %s removed\n", removed,
               removed == 1 ? "" : "s", cli->arguments[0]);
    json_decref(closing);
    return CLI_DONE;
}
