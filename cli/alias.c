/* offhook alias: other numbers that lead to a user or a URI. */
#include "cli/cli.h"

static const struct output_column columns[] = {
    {"NUMBER", "number", false},
    {"DOMAIN", "domain", false},
    {"TARGET", "target", false},
};

int cli_alias_add(struct cli *cli)
{
    return cli_act(cli,
                   cli_request(cli, "number", cli->arguments[0], "target", cli->arguments[1], NULL),
                   "added");
}

int cli_alias_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_alias_remove(struct cli *cli)
{
    return cli_act(cli, cli_request(cli, "number", cli->arguments[0], NULL), "removed");
}
