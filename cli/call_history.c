/* offhook call history: calls that are over, for people, for spreadsheets and for programs. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "db/record.h"

static const struct output_column columns[] = {
    {"BEGUN", "begun", false},     {"FROM", "from", false},     {"TO", "to", false},
    {"SECONDS", "seconds", false}, {"STATUS", "status", false}, {"ENDED BY", "ended-by", false},
    {"MOS", "mos", false},         {"ID", "id", false},
};

/* Fields of an item that --csv shows as they are. */
static const char *const plain[] = {"from", "to", "caller", "route", "status", "ended-by"};

struct listing {
    struct cli *cli;
    struct output output;
    bool csv;
    uint64_t left; /* calls that may still be shown */
};

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));

    return text ? text : "";
}

/* Whole seconds of talk, "" when it was never answered. */
static void talk_write(const json_t *item, char text[24])
{
    json_int_t answered = json_integer_value(json_object_get(item, "answered"));
    json_int_t talked = json_integer_value(json_object_get(item, "ended")) - answered;

    text[0] = 0;
    if (answered)
        snprintf(text, 24, "%" JSON_INTEGER_FORMAT, talked > 0 ? (talked + 500) / 1000 : 0);
}

static void mos_worse(const json_t *stream, const char *side, double *mos)
{
    double m = json_number_value(json_object_get(json_object_get(stream, side), "mos"));

    if (m > 0 && (*mos <= 0 || m < *mos))
        *mos = m;
}

/* The worst of all streams and directions, "" when none is known. */
static void mos_write(const json_t *item, char text[24])
{
    const json_t *stream;
    double mos = 0;
    size_t i;

    json_array_foreach(json_object_get(item, "audio"), i, stream)
    {
        mos_worse(stream, "caller", &mos);
        mos_worse(stream, "callee", &mos);
    }
    text[0] = 0;
    if (mos > 0)
        snprintf(text, 24, "%.1f", mos);
}

/* The number in a URI, or all of it. */
static json_t *party(const json_t *item, const char *key)
{
    const char *uri = text_of(item, key);
    char number[NUMBER_MAX];

    record_number(view_of(uri), number);
    return json_string(number[0] ? number : uri);
}

/* What people see of item; NULL without memory. */
static json_t *row_make(const json_t *item)
{
    char begun[MOMENT_TEXT], seconds[24], mos[24];

    moment_local(json_integer_value(json_object_get(item, "begun")), begun);
    talk_write(item, seconds);
    mos_write(item, mos);
    return json_pack("{s:s, s:o, s:o, s:s, s:O?, s:s, s:s, s:s}", "begun", begun, "from",
                     party(item, "from"), "to", party(item, "to"), "seconds", seconds, "status",
                     json_object_get(item, "status"), "ended-by", text_of(item, "ended-by"), "mos",
                     mos, "id", text_of(item, "id"));
}

static void csv_moment(const json_t *item, const char *key)
{
    json_int_t ms = json_integer_value(json_object_get(item, key));
    char text[MOMENT_TEXT] = "";

    if (ms)
        moment_utc(ms, text);
    csv_cell(stdout, text, ',');
}

static void csv_plain(const json_t *item, const char *key)
{
    const json_t *value = json_object_get(item, key);

    if (json_is_integer(value))
        printf("%" JSON_INTEGER_FORMAT ",", json_integer_value(value));
    else
        csv_cell(stdout, text_of(item, key), ',');
}

static bool csv_call(const json_t *item)
{
    char *audio = json_dumps(json_object_get(item, "audio"), JSON_COMPACT);
    char seconds[24], mos[24];

    talk_write(item, seconds);
    mos_write(item, mos);
    csv_cell(stdout, text_of(item, "id"), ',');
    csv_cell(stdout, text_of(item, "call-id"), ',');
    csv_moment(item, "begun");
    csv_moment(item, "answered");
    csv_moment(item, "ended");
    csv_cell(stdout, seconds, ',');
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        csv_plain(item, plain[i]);
    csv_cell(stdout, mos, ',');
    csv_cell(stdout, audio ? audio : "", '\n');
    free(audio);
    return !ferror(stdout);
}

static bool listing_item(void *arg, json_t *item)
{
    struct listing *l = arg;
    json_t *row;
    bool good;

    l->left--;
    if (l->csv)
        return csv_call(item);
    if (l->cli->json)
        return output_item(&l->output, item);
    row = row_make(item);
    good = output_item(&l->output, row);
    json_decref(row);
    return good;
}

/* As output_page, of no more than may still be shown. */
static bool page_ask(struct listing *l, json_t *request, int *status)
{
    json_int_t limit = (json_int_t)(l->left < OUTPUT_PAGE ? l->left : OUTPUT_PAGE);

    if (json_object_set_new(request, "limit", json_integer(limit))) {
        *status = cli_fail("%s: %s", l->cli->command->words, error_text(ERR_MEMORY));
        return false;
    }
    return output_page(l->cli, request, listing_item, l, status) && l->left;
}

/* Takes request over. */
static int listing_run(struct listing *l, json_t *request)
{
    int status = CLI_FAILED;

    if (output_begin(&l->output, stdout, l->cli->json, columns,
                     sizeof(columns) / sizeof(columns[0]))) {
        json_decref(request);
        return cli_fail("%s: %s", l->cli->command->words, error_text(ERR_MEMORY));
    }
    if (l->csv)
        fputs("id,call_id,begun,answered,ended,seconds,from,to,caller,route,status,ended_by,mos,"
              "audio\r\n",
              stdout);
    while (page_ask(l, request, &status)) {
    }
    if (status == CLI_DONE && !l->csv)
        output_end(&l->output);
    else
        json_decref(l->output.rows);
    json_decref(request);
    return status;
}

/* --since or --until in ms; *out keeps its value when it was not given. */
static int moment_option(const struct cli *cli, const char *name, int64_t *out)
{
    const char *text = cli_option(cli, name);

    if (!text || moment_read(text, clock_wall_ms(), out))
        return CLI_DONE;
    return cli_misuse(cli,
                      "--%s does not know the time \"%.40s\"; write 2026-11-26, "
                      "2026-11-26T10:00:00Z (UTC), 2026-11-26T10:00 (local time), or how long ago: "
                      "30m, 2h, 3d",
                      name, text);
}

int cli_call_history(struct cli *cli)
{
    struct listing l = {.cli = cli, .csv = cli_option(cli, "csv") != NULL, .left = UINT64_MAX};
    int64_t since = -1, until = -1;
    json_t *request;

    if (l.csv && cli->json)
        return cli_misuse(cli, "--csv and --json exclude each other");
    if (moment_option(cli, "since", &since) || moment_option(cli, "until", &until) ||
        cli_number(cli, "limit", 1, INT64_MAX, &l.left))
        return CLI_MISUSED;
    if (since >= 0 && until >= 0 && since >= until)
        return cli_misuse(cli, "--since has to be before --until");
    request = cli_request(cli, "number", cli->argument_count ? cli->arguments[0] : NULL, NULL);
    if (request && since >= 0)
        request = cli_request_add(cli, request, "since", json_integer(since));
    if (request && until >= 0)
        request = cli_request_add(cli, request, "until", json_integer(until));
    return request ? listing_run(&l, request) : CLI_FAILED;
}
