/* offhook stop: ends the daemon cleanly. */
#include "cli/cli.h"

int cli_stop(struct cli *cli)
{
    if (cli_option(cli, "drain"))
        return cli_later(cli);
    json_t *request = cli_request(cli, NULL);
    json_t *closing = client_ask(cli, request, false, NULL, NULL);
    json_decref(request);
    if (closing && cli->json)
        output_json(closing);
    else if (closing)
        puts("offhookd stops");
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}
