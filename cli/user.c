/* offhook user: the people whose phones may register. */
#include "cli/cli.h"

#include <string.h>

static const struct output_column columns[] = {
    {"NUMBER", "number", false},
    {"DOMAIN", "domain", false},
    {"NAME", "name", false},
    {"AUTH NAME", "auth-name", false},
};

static int with_password(struct cli *cli, const char *done)
{
    char password[512];
    int status = password_get(cli, password, sizeof(password));
    if (status != CLI_DONE)
        return status;
    json_t *request =
        cli_request(cli, "number", cli->arguments[0], "password", password, "name",
                    cli_option(cli, "name"), "auth-name", cli_option(cli, "auth-name"), NULL);
    explicit_bzero(password, sizeof(password));
    return cli_act(cli, request, done);
}

int cli_user_add(struct cli *cli)
{
    return with_password(cli, "added");
}

int cli_user_password(struct cli *cli)
{
    return with_password(cli, "has a new password");
}

int cli_user_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_user_remove(struct cli *cli)
{
    return cli_act(cli, cli_request(cli, "number", cli->arguments[0], NULL), "removed");
}

static void field_print(const char *key, const json_t *value)
{
    printf("%-14s", key);
    if (json_is_string(value))
        output_text(stdout, json_string_length(value) ? json_string_value(value) : "-");
    else if (json_is_array(value))
        printf("%zu", json_array_size(value));
    else
        json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
}

static bool item_show(void *arg, json_t *item)
{
    const struct cli *cli = arg;
    const char *key;
    json_t *value;
    if (cli->json)
        output_json(item);
    else
        json_object_foreach(item, key, value) field_print(key, value);
    return true;
}

int cli_user_show(struct cli *cli)
{
    json_t *request = cli_request(cli, "number", cli->arguments[0], NULL);
    json_t *closing = request ? client_call(cli, request, item_show, cli) : NULL;
    json_decref(request);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}
