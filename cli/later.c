/* Commands whose names are fixed already and whose work comes with a later version. */
#include "cli/cli.h"

int cli_later(struct cli *cli)
{
    return cli_fail("\"%s%s\" is not in this version yet and comes with a later one; \"offhook "
                    "help\" lists what is there",
                    cli->command->words, cli_option(cli, "drain") ? " --drain" : "");
}
