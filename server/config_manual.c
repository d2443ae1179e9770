/* The table of keys as a section of the manual page, in mdoc. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_table.h"

typedef void config_line(void *arg, const char *text);

static void manual_line(config_line *line, void *arg, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void manual_line(config_line *line, void *arg, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    line(arg, text);
}

/* What may be written: "number, 1 to 1000", "one of error, warning, info, debug". */
static void limits_write(const struct config_key *key, char *out, size_t size)
{
    if (key->type == &config_number)
        snprintf(out, size, "a number from %u to %u", key->min, key->max);
    else if (key->type == &config_switch && !key->choices)
        snprintf(out, size, "on or off");
    else if (key->choices)
        snprintf(out, size, "%s %s", key->type->list ? "a list of" : "one of", key->choices);
    else
        snprintf(out, size, "a %s", key->type->noun);
}

/* A sentence a line, as mdoc likes it. */
static void sentences_write(const char *help, config_line *line, void *arg)
{
    while (*help) {
        const char *stop = strstr(help, ". ");
        size_t n = stop ? (size_t)(stop + 1 - help) : strlen(help);
        manual_line(line, arg, "%.*s", (int)n, help);
        help += n + (stop != NULL);
    }
}

static char *initial_text(const struct config_key *key)
{
    struct config_values values;
    if (!key->initial || config_values_initial(key, &values))
        return NULL;
    char *text = config_values_text(key, &values);
    config_values_free(&values);
    return text;
}

static void key_write(const struct config_key *key, config_line *line, void *arg)
{
    char limits[120], path[64], *initial = initial_text(key);
    limits_write(key, limits, sizeof limits);
    manual_line(line, arg, ".It Cm %s", config_key_path(key, path));
    sentences_write(key->help, line, arg);
    if (key->effect == EFFECT_LATER)
        line(arg, "Accepted, but without effect in this version.");
    if (key->effect == EFFECT_RESTART)
        line(arg, "A change takes a restart.");
    if (key->effect == EFFECT_FIRST)
        line(arg, "A change of the first entry takes a restart.");
    if (initial)
        manual_line(line, arg, "Value: %s; default: %s", limits, initial);
    else
        manual_line(line, arg, "Value: %s.", limits);
    free(initial);
}

void config_manual(config_line *line, void *arg)
{
    line(arg, ".Bl -tag -width Ds");
    for (size_t i = 0; i < config_key_count; i++)
        key_write(&config_keys[i], line, arg);
    line(arg, ".El");
}
