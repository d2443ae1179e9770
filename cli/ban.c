/* offhook ban: addresses from which nothing is taken. */
#include "cli/cli.h"

static const struct output_column columns[] = {
    {"ADDRESS", "address", false},
    {"EXPIRES IN", "expires", true},
    {"USERS", "users", false},
    {"REASON", "reason", false},
};

int cli_ban_add(struct cli *cli)
{
    const struct config *config = cli_config(cli);
    const char *given = cli_option(cli, "seconds");
    char seconds[16];

    if (!config)
        return CLI_FAILED;
    snprintf(seconds, sizeof(seconds), "%u", config->guard.ban ? config->guard.ban : 600);
    return cli_act(
        cli,
        cli_request(cli, "address", cli->arguments[0], "seconds", given ? given : seconds, NULL),
        "added");
}

int cli_ban_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_ban_remove(struct cli *cli)
{
    return cli_act(cli, cli_request(cli, "address", cli->arguments[0], NULL), "removed");
}
