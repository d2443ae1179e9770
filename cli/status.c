/* offhook status: is the daemon well, in a few lines. */
#include "cli/cli.h"

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_roles(const json_t *roles)
{
    size_t index;
    const json_t *role;
    json_array_foreach(roles, index, role)
    {
        const char *name = json_string_value(json_object_get(role, "role"));
        json_int_t starts = number(role, "starts");
        printf("%-14s", index ? "" : "roles");
        output_text(stdout, name ? name : "?");
        printf(" (pid %" JSON_INTEGER_FORMAT, number(role, "pid"));
        if (starts > 1)
            printf(", restarted %" JSON_INTEGER_FORMAT " time%s", starts - 1,
                   starts == 2 ? "" : "s");
        puts(")");
    }
}

static void print_counters(json_t *counters)
{
    const char *key;
    const json_t *value;
    bool first = true;
    json_object_foreach(counters, key, value)
    {
        if (json_integer_value(value) == 0)
            continue;
        printf("%-14s", first ? "counters" : "");
        output_text(stdout, key);
        printf(" %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
        first = false;
    }
}

/* There only when there are several. */
static void print_workers(const json_t *workers)
{
    size_t index;
    const json_t *worker;
    json_array_foreach(workers, index, worker)
    {
        printf("%-14s%zu: %" JSON_INTEGER_FORMAT " connections, %" JSON_INTEGER_FORMAT
               " messages received, %" JSON_INTEGER_FORMAT " sent\n",
               index ? "" : "workers", index + 1, number(worker, "connections"),
               number(worker, "datagrams") + number(worker, "messages"), number(worker, "sent"));
    }
}

static void print_overload(const json_t *overload)
{
    const char *state = json_string_value(json_object_get(overload, "state"));
    char since[48];

    if (!state)
        return;
    output_duration(number(overload, "seconds"), since, sizeof(since));
    printf("%-14s", "load");
    output_text(stdout, state);
    printf(", for %s\n", since);
}

static void print_media(const json_t *media)
{
    const char *kernel = json_string_value(json_object_get(media, "kernel"));
    const char *why = json_string_value(json_object_get(media, "why"));
    json_int_t busy = number(media, "busy");

    if (!kernel)
        return;
    printf("%-14s", "audio");
    if (strcmp(kernel, "off")) {
        printf("by the kernel, attached by ");
        output_text(stdout, kernel);
    } else {
        printf("in user space");
    }
    printf(" (");
    output_text(stdout, why ? why : "?");
    puts(")");
    if (busy)
        printf("%-14s%" JSON_INTEGER_FORMAT " of media.ports that others have were left out\n", "",
               busy);
}

static void print_status(const json_t *s)
{
    static const char *const figures[] = {"users", "bindings", "transactions", "connections",
                                          "bans"};
    const char *version = json_string_value(json_object_get(s, "version"));
    const json_t *sandbox = json_object_get(s, "sandbox");
    char uptime[48];
    output_duration(number(s, "uptime"), uptime, sizeof(uptime));
    printf("offhookd %s, up %s, sandbox ", version ? version : "?", uptime);
    output_text(stdout, json_is_string(sandbox) ? json_string_value(sandbox)
                        : json_is_true(sandbox) ? "on"
                                                : "off");
    putchar('\n');
    print_roles(json_object_get(s, "roles"));
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
        if (json_object_get(s, figures[i]))
            printf("%-14s%" JSON_INTEGER_FORMAT "\n", figures[i], number(s, figures[i]));
    print_workers(json_object_get(s, "workers"));
    print_overload(json_object_get(s, "overload"));
    print_media(json_object_get(s, "media"));
    print_counters(json_object_get(s, "counters"));
}

int cli_status(struct cli *cli)
{
    json_t *request = cli_request(cli, NULL);
    json_t *closing = client_ask(cli, request, false, NULL, NULL);
    bool sip_answers;

    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    sip_answers = !json_object_get(closing, "sip"); /* there only while the role is away */
    json_object_del(closing, "ok");
    if (cli->json)
        output_json(closing);
    else
        print_status(closing);
    json_decref(closing);
    return sip_answers ? CLI_DONE : cli_fail("the sip role is restarting; try again in a moment");
}
