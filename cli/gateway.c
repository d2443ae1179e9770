/* offhook gateway: other SIP servers that calls may go to. */
#include "cli/cli.h"

#include <string.h>

static const struct output_column columns[] = {
    {"NAME", "name", false},           {"URI", "uri", false},
    {"USERNAME", "username", false},   {"PASSWORD", "password", false},
    {"PRIORITY", "priority", false},   {"WEIGHT", "weight", false},
    {"MAX CALLS", "max-calls", false}, {"REGISTER", "register", false},
};

/* Options that are numbers. */
static const struct {
    const char *name;
    uint64_t most;
} numbers[] = {{"priority", 65535}, {"weight", 65535}, {"max-calls", 1000000}};

/* Adds the numbers that were given to *request. Returns CLI_DONE or the exit status. */
static int numbers_add(struct cli *cli, json_t **request)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t n = 0;
        int status = cli_number(cli, numbers[i].name, 0, numbers[i].most, &n);
        if (status != CLI_DONE)
            return status;
        if (cli_option(cli, numbers[i].name))
            *request = cli_request_add(cli, *request, numbers[i].name, json_integer((json_int_t)n));
    }
    return CLI_DONE;
}

/* The gateways whose passwords cannot be read any more, in one line on stderr. */
static void lost_tell(const json_t *closing)
{
    const json_t *lost = json_object_get(closing, "lost");
    size_t i;
    json_t *name;
    json_array_foreach(lost, i, name)
    {
        fputs(i ? ", "
                : "offhook: the key of these passwords is lost, give them anew with "
                  "\"offhook gateway password NAME\": ",
              stderr);
        output_text(stderr, json_string_value(name));
    }
    if (json_array_size(lost))
        fputc('\n', stderr);
}

/* As cli_act, with the name of the gateway, and what was lost. */
static int gateway_act(struct cli *cli, json_t *request, const char *done)
{
    json_t *closing = request ? client_call(cli, request, NULL, NULL) : NULL;
    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    if (cli->json)
        output_json(closing);
    else
        printf("gateway %s %s\n", cli->arguments[0], done);
    lost_tell(closing);
    json_decref(closing);
    return CLI_DONE;
}

int cli_gateway_add(struct cli *cli)
{
    const char *username = cli_option(cli, "username");
    char password[512] = "";
    int status = CLI_DONE;
    if (!username && (cli_option(cli, "password") || cli_option(cli, "password-stdin")))
        return cli_misuse(cli, "a password needs a --username");
    if (username)
        status = password_get(cli, password, sizeof(password));
    if (status != CLI_DONE)
        return status;
    json_t *request =
        cli_request(cli, "name", cli->arguments[0], "uri", cli->arguments[1], "username", username,
                    "password", username ? password : NULL, NULL);
    explicit_bzero(password, sizeof(password));
    status = request ? numbers_add(cli, &request) : CLI_FAILED;
    if (status == CLI_DONE && cli_option(cli, "register"))
        request = cli_request_add(cli, request, "register", json_true());
    if (status == CLI_DONE)
        return gateway_act(cli, request, "added");
    json_decref(request);
    return status;
}

int cli_gateway_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_gateway_show(struct cli *cli)
{
    return output_show(cli, cli_request(cli, "name", cli->arguments[0], NULL));
}

int cli_gateway_password(struct cli *cli)
{
    char password[512];
    int status = password_get(cli, password, sizeof(password));
    if (status != CLI_DONE)
        return status;
    json_t *request = cli_request(cli, "name", cli->arguments[0], "password", password, NULL);
    explicit_bzero(password, sizeof(password));
    return gateway_act(cli, request, "has a new password");
}

int cli_gateway_remove(struct cli *cli)
{
    return gateway_act(cli, cli_request(cli, "name", cli->arguments[0], NULL), "removed");
}
