/* offhook route: where numbers go that nobody here has. */
#include "cli/cli.h"

static const struct output_column columns[] = {
    {"PREFIX", "prefix", false},
    {"STRIP", "strip", false},
    {"PREPEND", "prepend", false},
    {"GATEWAYS", "gateways", false},
};

/* "a,b" as a list; NULL without memory or when it is no UTF-8. */
static json_t *names_split(const char *text)
{
    json_t *names = json_array();
    struct view rest = view_of(text);
    while (names && rest.n) {
        struct view name = view_cut(&rest, ',');
        if (json_array_append_new(names, json_stringn(name.p, name.n)) != 0) {
            json_decref(names);
            names = NULL;
        }
    }
    return names;
}

int cli_route_add(struct cli *cli)
{
    const char *gateways = cli_option(cli, "gateway");
    uint64_t strip = 0;
    int status = cli_number(cli, "strip", 0, 32, &strip);
    if (status != CLI_DONE)
        return status;
    if (!gateways || !*gateways)
        return cli_misuse(cli, "--gateway NAME[,NAME...] is missing");
    json_t *request =
        cli_request(cli, "prefix", cli->arguments[0], "prepend", cli_option(cli, "prepend"), NULL);
    request = cli_request_add(cli, request, "gateways", names_split(gateways));
    request = cli_request_add(cli, request, "strip", json_integer((json_int_t)strip));
    return cli_act(cli, request, "added");
}

int cli_route_list(struct cli *cli)
{
    return output_list(cli, cli_request(cli, NULL), columns, sizeof(columns) / sizeof(columns[0]));
}

int cli_route_remove(struct cli *cli)
{
    return cli_act(cli, cli_request(cli, "prefix", cli->arguments[0], NULL), "removed");
}

static bool step_print(void *arg, json_t *step)
{
    (void)arg;
    const char *text = json_string_value(json_object_get(step, "text"));
    printf("%*s", 2 * (int)json_integer_value(json_object_get(step, "depth")), "");
    output_text(stdout, text ? text : "?");
    putchar('\n');
    return true;
}

static bool step_keep(void *arg, json_t *step)
{
    return json_array_append(arg, step) == 0;
}

int cli_route_test(struct cli *cli)
{
    json_t *request = cli_request(cli, "from", cli->arguments[0], "to", cli->arguments[1], NULL);
    json_t *steps = json_array();
    json_t *closing = client_ask(cli, request, false, cli->json ? step_keep : step_print, steps);
    json_decref(request);
    if (closing && cli->json && json_object_set(closing, "steps", steps) == 0) {
        json_object_del(closing, "ok");
        output_json(closing);
    }
    json_decref(steps);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}
