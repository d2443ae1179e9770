/* offhook call: the calls that stand. */
#include "cli/cli.h"

static const struct output_column columns[] = {
    {"ID", "id", false},       {"FROM", "from", false},          {"TO", "to", false},
    {"ROUTE", "route", false}, {"TALKING FOR", "seconds", true}, {"ANCHORED", "anchored", false},
};

int cli_call_list(struct cli *cli)
{
    json_t *request = cli_request(cli, NULL);

    if (request && !client_served(cli)) { /* there is nothing to read in the store: it says so */
        json_decref(client_ask(cli, request, false, NULL, NULL));
        json_decref(request);
        return CLI_FAILED;
    }
    return output_list(cli, request, columns, sizeof(columns) / sizeof(columns[0]));
}

static double number_of(const json_t *side, const char *key)
{
    return json_number_value(json_object_get(side, key));
}

/* What came from one side of a stream, in one line. */
static void side_print(const char *who, const json_t *side)
{
    const char *codec = json_string_value(json_object_get(side, "codec"));
    double mos = number_of(side, "mos");

    printf("  from the %s  %s %.0f packets, %.0f lost, jitter %.1f ms", who,
           codec && *codec ? codec : "-", number_of(side, "packets"), number_of(side, "lost"),
           number_of(side, "jitter") / 1000);
    if (number_of(side, "round_trip") > 0)
        printf(", round trip %.0f ms", number_of(side, "round_trip") / 1000);
    if (mos > 0)
        printf(", MOS %.1f", mos);
    if (number_of(side, "strangers") > 0)
        printf("; %.0f of strangers refused", number_of(side, "strangers"));
    putchar('\n');
}

static void audio_print(const json_t *audio)
{
    size_t i;
    json_t *stream;

    json_array_foreach(audio, i, stream)
    {
        printf("stream %.0f%s\n", number_of(stream, "index") + 1,
               json_is_true(json_object_get(stream, "kernel")) ? ", by the kernel" : "");
        side_print("caller", json_object_get(stream, "caller"));
        side_print("callee", json_object_get(stream, "callee"));
    }
}

static void line_print(const char *name, const json_t *value)
{
    printf("%-14s", name);
    output_text(stdout, json_string_value(value) && *json_string_value(value)
                            ? json_string_value(value)
                            : "-");
    putchar('\n');
}

static bool call_print(void *arg, json_t *item)
{
    static const char *const fields[] = {"id", "from", "to", "caller", "route", "call-id"};
    const struct cli *cli = arg;
    char duration[32];

    if (cli->json) {
        output_json(item);
        return true;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        line_print(fields[i], json_object_get(item, fields[i]));
    output_duration(json_integer_value(json_object_get(item, "seconds")), duration,
                    sizeof(duration));
    printf("%-14s%s\n", "talking for", duration);
    audio_print(json_object_get(item, "audio"));
    return true;
}

int cli_call_show(struct cli *cli)
{
    json_t *request = cli_request(cli, "id", cli->arguments[0], NULL);
    json_t *closing = request ? client_ask(cli, request, false, call_print, cli) : NULL;

    json_decref(request);
    json_decref(closing);
    return closing ? CLI_DONE : CLI_FAILED;
}

int cli_call_hangup(struct cli *cli)
{
    json_t *request = cli_request(cli, "id", cli->arguments[0], NULL);
    json_t *closing = request ? client_ask(cli, request, false, NULL, NULL) : NULL;

    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    if (cli->json)
        output_json(closing);
    else
        printf("call %s hung up\n", cli->arguments[0]);
    json_decref(closing);
    return CLI_DONE;
}
