/* offhook trace: what the daemon receives and sends, live, as a ladder. */
#include "cli/cli.h"

#include <langinfo.h>
#include <string.h>

static bool item_json(void *arg, json_t *item)
{
    (void)arg;
    output_json(item);
    return fflush(stdout) == 0;
}

static bool item_draw(void *arg, json_t *item)
{
    struct sighting s;
    sighting_read(&s, item);
    ladder_draw(
        arg, &(struct ladder_message){
                 .time = s.time, .remote = s.remote, .name = s.name, .label = s.label, .in = s.in});
    return fflush(stdout) == 0;
}

int cli_trace(struct cli *cli)
{
    struct ladder ladder;
    bool follow = !cli_option(cli, "no-follow");
    json_t *request = cli_request(cli, "number", cli_option(cli, "number"), "call-id",
                                  cli_option(cli, "call-id"), NULL);
    if (!request || json_object_set_new(request, "follow", json_boolean(follow)) != 0) {
        json_decref(request);
        return CLI_FAILED;
    }
    ladder_init(&ladder, stdout, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
    json_t *closing = client_ask(cli, request, follow, cli->json ? item_json : item_draw, &ladder);
    json_decref(request);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}
