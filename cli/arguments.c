/* The command line behind the command's words: options in any order, then or between, arguments. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static const char common_options[] = "json help";

/* Finds name (size bytes) in a list such as "name= flag". */
static const char *option_find(const char *list, const char *name, size_t size, bool *valued)
{
    for (const char *p = list; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        size_t n = strcspn(p, "= ");
        if (n == size && memcmp(p, name, n) == 0) {
            *valued = p[n] == '=';
            return p;
        }
    }
    return NULL;
}

static bool option_keep(struct cli *cli, const char *name, size_t size, char *value,
                        char problem[256])
{
    if (cli->option_count == CLI_OPTIONS_MAX) {
        snprintf(problem, 256, "too many options");
        return false;
    }
    char *copy = strdup(value);
    if (!copy) {
        snprintf(problem, 256, "%s", error_text(ERR_MEMORY));
        return false;
    }
    if (size == 8 && memcmp(name, "password", 8) == 0)
        explicit_bzero(value, strlen(value));
    cli->options[cli->option_count].name = name;
    cli->options[cli->option_count].name_size = size;
    cli->options[cli->option_count++].value = copy;
    return true;
}

/* One option at argv[*at], without its dashes in `text`; moves *at to the last word used. */
static bool option_parse(struct cli *cli, int argc, char **argv, int *at, char problem[256])
{
    char *text = argv[*at] + 2;
    size_t size = strcspn(text, "=");
    char *value = text[size] ? text + size + 1 : NULL;
    bool valued = false;
    if (option_find(common_options, text, size, &valued) && !value) {
        *(text[0] == 'j' ? &cli->json : &cli->help) = true;
        return true;
    }
    const char *name = option_find(cli->command->options, text, size, &valued);
    if (!name) {
        snprintf(problem, 256, "there is no option --%.*s here", (int)size, text);
        return false;
    }
    if (!valued && value) {
        snprintf(problem, 256, "--%.*s takes no value", (int)size, text);
        return false;
    }
    if (valued && !value) {
        if (*at + 1 == argc) {
            snprintf(problem, 256, "--%.*s needs a value", (int)size, text);
            return false;
        }
        value = argv[++*at];
    }
    static char none[1];
    return option_keep(cli, name, size, value ? value : none, problem);
}

static bool config_option(struct cli *cli, int argc, char **argv, int *at, char problem[256])
{
    if (argv[*at][2])
        cli->config_path = argv[*at] + 2;
    else if (*at + 1 < argc)
        cli->config_path = argv[++*at];
    else
        snprintf(problem, 256, "-c needs the name of a configuration file");
    return problem[0] == '\0';
}

/* The usage begins with the arguments that are needed: NUMBER TARGET ... */
static void missing_tell(const struct cli *cli, char problem[256])
{
    const char *word = cli->command->usage;
    for (size_t i = 0; i < cli->argument_count; i++) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    snprintf(problem, 256, "%.*s is missing", (int)strcspn(word, " "), word);
}

static bool count_right(const struct cli *cli, char problem[256])
{
    if (cli->help)
        return true;
    if (cli->argument_count < cli->command->min)
        missing_tell(cli, problem);
    else if (cli->argument_count > cli->command->max)
        snprintf(problem, 256, "'%.100s' is too much", cli->arguments[cli->command->max]);
    return problem[0] == '\0';
}

/* One word that is an option. */
static bool dashed_parse(struct cli *cli, int argc, char **argv, int *at, char problem[256])
{
    if (argv[*at][1] == '-')
        return option_parse(cli, argc, argv, at, problem);
    if (argv[*at][1] == 'c')
        return config_option(cli, argc, argv, at, problem);
    if (strcmp(argv[*at], "-h") == 0) {
        cli->help = true;
        return true;
    }
    snprintf(problem, 256, "there is no option %.100s here", argv[*at]);
    return false;
}

bool arguments_parse(struct cli *cli, int argc, char **argv, char problem[256])
{
    bool plain = cli->command->options[0] == '*'; /* everything is an argument */
    problem[0] = '\0';
    cli->arguments = argv;
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        if (plain && strcmp(word, "--help") == 0 && cli->command->options[0] == '*')
            cli->help = true;
        else if (plain || word[0] != '-' || word[1] == '\0')
            argv[cli->argument_count++] = word;
        else if (strcmp(word, "--") == 0)
            plain = true;
        else if (!dashed_parse(cli, argc, argv, &i, problem))
            return false;
    }
    return count_right(cli, problem);
}
