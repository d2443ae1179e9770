/* The state of one command: its options, its configuration, and how it ends. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int cli_fail(const char *format, ...)
{
    va_list list;
    char text[1024];
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fflush(stdout);
    fputs("offhook: ", stderr);
    output_text(stderr, text);
    fputc('\n', stderr);
    return CLI_FAILED;
}

int cli_misuse(const struct cli *cli, const char *format, ...)
{
    va_list list;
    char text[1024];
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    cli_fail("%s: %s", cli->command->words, text);
    fprintf(stderr, "usage: offhook %s %s\n", cli->command->words, cli->command->usage);
    return CLI_MISUSED;
}

const char *cli_option(const struct cli *cli, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = cli->option_count; i-- > 0;)
        if (cli->options[i].name_size == size && memcmp(cli->options[i].name, name, size) == 0)
            return cli->options[i].value;
    return NULL;
}

int cli_number(const struct cli *cli, const char *name, uint64_t least, uint64_t most,
               uint64_t *out)
{
    const char *text = cli_option(cli, name);
    uint64_t n;
    if (!text)
        return CLI_DONE;
    if (!view_number(view_of(text), most, &n) || n < least)
        return cli_misuse(cli, "--%s takes a number from %" PRIu64 " to %" PRIu64, name, least,
                          most);
    *out = n;
    return CLI_DONE;
}

static void problem_first(void *arg, const char *text)
{
    bool *told = arg;
    if (!*told)
        cli_fail("%s", text);
    *told = true;
}

const struct config *cli_config(struct cli *cli)
{
    if (cli->config)
        return cli->config;
    const char *name = cli->config_path ? cli->config_path : config_default_path();
    char *text = NULL;
    size_t size = 0;
    enum error e = config_read(cli->config_path, &text, &size);
    if (e) {
        cli_fail("%s cannot be read: %s; name another with -c FILE", name,
                 e == ERR_SYSTEM ? strerror(errno) : error_text(e));
        return NULL;
    }
    bool told = false;
    cli->config = config_parse(name, text, size, problem_first, &told);
    free(text);
    return cli->config;
}

/* "5550001@companyb.com" as the closing line has it, or the number as typed. */
static void print_who(const struct cli *cli, const json_t *closing)
{
    const char *number = json_string_value(json_object_get(closing, "number"));
    const char *domain = json_string_value(json_object_get(closing, "domain"));
    output_text(stdout, number ? number : cli->arguments[0]);
    if (number && domain) {
        putchar('@');
        output_text(stdout, domain);
    }
}

int cli_act(struct cli *cli, json_t *request, const char *done)
{
    json_t *closing = request ? client_call(cli, request, NULL, NULL) : NULL;
    json_decref(request);
    if (!closing)
        return CLI_FAILED;
    if (cli->json) {
        output_json(closing);
    } else {
        printf("%.*s ", (int)strcspn(cli->command->words, " "), cli->command->words);
        print_who(cli, closing);
        printf(" %s\n", done);
    }
    json_decref(closing);
    return CLI_DONE;
}

void cli_close(struct cli *cli)
{
    for (size_t i = 0; i < cli->option_count; i++) {
        explicit_bzero(cli->options[i].value, strlen(cli->options[i].value));
        free(cli->options[i].value);
    }
    if (cli->store)
        cli->store->ops->close(cli->store);
    config_free(cli->config);
}
