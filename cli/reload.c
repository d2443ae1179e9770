/* offhook reload: the daemon reads its configuration anew and says what changed. */
#include "cli/cli.h"

static bool item_keep(void *arg, json_t *item)
{
    json_t *changed = json_object_get(item, "changed");
    return !changed || json_array_append(arg, changed) == 0;
}

static void print_changes(const json_t *changes)
{
    size_t index;
    const json_t *change;
    json_array_foreach(changes, index, change)
    {
        const char *text = json_string_value(change);
        output_text(stdout, text ? text : "?");
        putchar('\n');
    }
    puts(json_array_size(changes) ? "reloaded" : "reloaded; nothing changed");
}

int cli_reload(struct cli *cli)
{
    json_t *changes = json_array(), *request = cli_request(cli, NULL);
    json_t *closing = changes ? client_ask(cli, request, false, item_keep, changes) : NULL;
    json_decref(request);
    if (closing && cli->json) {
        json_object_del(closing, "ok");
        json_object_set(closing, "changed", changes);
        output_json(closing);
    } else if (closing) {
        print_changes(changes);
    }
    json_decref(changes);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}
