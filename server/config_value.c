/* Values of configuration keys as text: written as the file has them, defaults taken apart. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config_table.h"

/* A quoted string of libconfuse: a dollar sign would begin the name of a variable. */
static void value_quote(FILE *out, const char *value)
{
    fputc('"', out);
    for (const char *p = value; *p; p++) {
        if (*p == '$')
            fputs("\\x24", out);
        else if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

struct value_writer {
    FILE *out;
    const struct config_type *type;
    size_t count;
};

static void value_write(void *arg, const char *value)
{
    struct value_writer *w = arg;
    if (w->count++)
        fputs(", ", w->out);
    if (w->type->quoted)
        value_quote(w->out, value);
    else
        fputs(value, w->out);
}

/* Opens a text that value_close finishes. */
static FILE *value_open(struct value_writer *w, const struct config_key *key, char **text,
                        size_t *size)
{
    *text = NULL;
    *w = (struct value_writer){open_memstream(text, size), key->type, 0};
    if (w->out && key->type->list)
        fputc('{', w->out);
    return w->out;
}

static char *value_close(struct value_writer *w, char **text)
{
    if (w->type->list)
        fputc('}', w->out);
    bool failed = ferror(w->out) != 0;
    if (fclose(w->out) || failed) {
        free(*text);
        return NULL;
    }
    return *text;
}

char *config_values_text(const struct config_key *key, const struct config_values *values)
{
    struct value_writer w;
    char *text;
    size_t size;
    if (!value_open(&w, key, &text, &size))
        return NULL;
    for (size_t i = 0; i < values->count; i++)
        value_write(&w, values->values[i]);
    return value_close(&w, &text);
}

static char *initial_text(const struct config_key *key)
{
    struct config_values values;
    if (config_values_initial(key, &values))
        return NULL;
    char *text = config_values_text(key, &values);
    config_values_free(&values);
    return text;
}

char *config_key_text(const struct config_key *key, const struct config *c)
{
    struct value_writer w;
    char *text;
    size_t size;
    if (key->effect == EFFECT_LATER) {
        const char *set = c->later[config_later_index(key)];
        return set ? strdup(set) : initial_text(key);
    }
    if (!value_open(&w, key, &text, &size))
        return NULL;
    key->type->get(key, c, value_write, &w);
    return value_close(&w, &text);
}

/* Appends a copy of the n bytes at value. */
static enum error values_add(struct config_values *values, const char *value, size_t n)
{
    const char **grown = realloc(values->values, (values->count + 1) * sizeof *grown);
    if (!grown)
        return ERR_MEMORY;
    values->values = grown;
    grown[values->count] = strndup(value, n);
    return grown[values->count] && ++values->count ? OK : ERR_MEMORY;
}

enum error config_values_initial(const struct config_key *key, struct config_values *values)
{
    *values = (struct config_values){NULL, 0};
    const char *rest = key->initial ? key->initial : "";
    enum error e = OK;
    if (!key->type->list)
        e = values_add(values, rest, strlen(rest));
    while (!e && key->type->list && *rest) {
        size_t n = strcspn(rest, " ");
        e = values_add(values, rest, n);
        rest += n + (rest[n] == ' ');
    }
    if (e)
        config_values_free(values);
    return e;
}

void config_values_free(struct config_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        free((char *)values->values[i]);
    free(values->values);
    *values = (struct config_values){NULL, 0};
}

enum error config_host_defaults(struct config *c)
{
    char name[256] = "", problem[CONFIG_PROBLEM];
    const char *domain = name;
    if (gethostname(name, sizeof name - 1) || !config_check_domain(name, problem))
        domain = "localhost";
    const char *listens[] = {"udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "udp:[::]:5060",
                             "tcp:[::]:5060"};
    const struct config_key *key = config_key_find(NULL, "domain");
    enum error e = key->type->set(key, c, &(struct config_values){&domain, 1});
    if (e)
        return e;
    key = config_key_find(NULL, "listen");
    e = key->type->set(key, c, &(struct config_values){listens, 4});
    c->listen_default = true;
    return e;
}
