/* What the types of configuration keys can do: check a value, store it, hand it out, free it. */
#include <stdlib.h>
#include <string.h>

#include "server/config_table.h"

#define NUMBER_TEXT 16

static void *field(const struct config_key *key, const struct config *c)
{
    return (char *)c + key->offset;
}

/* Number of characters of the word at the front of words. */
static size_t word_length(const char *words)
{
    return strcspn(words, " ");
}

/* The place of value among the words of choices, or -1. */
static int choice_index(const char *choices, const char *value)
{
    int index = 0;
    for (const char *w = choices; *w; index++) {
        size_t n = word_length(w);
        if (strlen(value) == n && !memcmp(w, value, n))
            return index;
        w += n + (w[n] == ' ');
    }
    return -1;
}

static void choice_text(const char *choices, unsigned index, char out[32])
{
    const char *w = choices;
    while (index--) {
        w += word_length(w);
        w += *w == ' ';
    }
    snprintf(out, 32, "%.*s", (int)word_length(w), w);
}

/* numbers */

static bool number_check(const struct config_key *key, const char *value,
                         char problem[CONFIG_PROBLEM])
{
    uint64_t n;
    if (view_number(view_of(value), UINT32_MAX, &n) && n >= key->min && n <= key->max)
        return !key->check || key->check(value, problem);
    if (key->check && !key->check(value, problem))
        return false;
    snprintf(problem, CONFIG_PROBLEM, "\"%.60s\" is not a number from %u to %u", value, key->min,
             key->max);
    return false;
}

static enum error number_set(const struct config_key *key, struct config *c,
                             const struct config_values *values)
{
    *(unsigned *)field(key, c) = (unsigned)strtoul(values->values[0], NULL, 10);
    return OK;
}

static void number_get(const struct config_key *key, const struct config *c,
                       void (*each)(void *arg, const char *value), void *arg)
{
    char text[NUMBER_TEXT];
    snprintf(text, sizeof text, "%u", *(const unsigned *)field(key, c));
    each(arg, text);
}

const struct config_type config_number = {
    .noun = "number", .check = number_check, .set = number_set, .get = number_get};

/* switches */

/* 1, 0 or -1 for what is neither. */
static int switch_value(const struct config_key *key, const char *value)
{
    int index = choice_index(key->choices ? key->choices : "on off yes no true false", value);
    return index < 0 ? -1 : index % 2 == 0;
}

static bool switch_check(const struct config_key *key, const char *value,
                         char problem[CONFIG_PROBLEM])
{
    if (switch_value(key, value) >= 0)
        return true;
    char yes[32] = "on", no[32] = "off";
    if (key->choices) {
        choice_text(key->choices, 0, yes);
        choice_text(key->choices, 1, no);
    }
    snprintf(problem, CONFIG_PROBLEM, "\"%.60s\" is neither %s nor %s", value, yes, no);
    return false;
}

static enum error switch_set(const struct config_key *key, struct config *c,
                             const struct config_values *values)
{
    *(bool *)field(key, c) = switch_value(key, values->values[0]) == 1;
    return OK;
}

static void switch_get(const struct config_key *key, const struct config *c,
                       void (*each)(void *arg, const char *value), void *arg)
{
    char text[32];
    choice_text(key->choices ? key->choices : "on off", !*(const bool *)field(key, c), text);
    each(arg, text);
}

const struct config_type config_switch = {
    .noun = "switch", .check = switch_check, .set = switch_set, .get = switch_get};

/* texts */

static bool text_check(const struct config_key *key, const char *value,
                       char problem[CONFIG_PROBLEM])
{
    size_t n = strlen(value);
    if (n < key->min)
        snprintf(problem, CONFIG_PROBLEM, n ? "\"%.60s\" is too short" : "may not be empty", value);
    else if (n > key->max)
        snprintf(problem, CONFIG_PROBLEM, "is too long, %u bytes at most", key->max);
    else
        return !key->check || key->check(value, problem);
    return false;
}

static void text_release(const struct config_key *key, struct config *c)
{
    char **text = field(key, c);
    free(*text);
    *text = NULL;
}

static enum error text_set(const struct config_key *key, struct config *c,
                           const struct config_values *values)
{
    text_release(key, c);
    char **text = field(key, c);
    *text = strdup(values->values[0]);
    return *text ? OK : ERR_MEMORY;
}

static void text_get(const struct config_key *key, const struct config *c,
                     void (*each)(void *arg, const char *value), void *arg)
{
    each(arg, *(char *const *)field(key, c));
}

const struct config_type config_text = {.noun = "text",
                                        .quoted = true,
                                        .check = text_check,
                                        .set = text_set,
                                        .get = text_get,
                                        .release = text_release};

/* choices */

static bool choice_check(const struct config_key *key, const char *value,
                         char problem[CONFIG_PROBLEM])
{
    if (choice_index(key->choices, value) >= 0)
        return true;
    snprintf(problem, CONFIG_PROBLEM, "\"%.60s\" is none of: %s", value, key->choices);
    return false;
}

static enum error choice_set(const struct config_key *key, struct config *c,
                             const struct config_values *values)
{
    *(unsigned *)field(key, c) = (unsigned)choice_index(key->choices, values->values[0]);
    return OK;
}

static void choice_get(const struct config_key *key, const struct config *c,
                       void (*each)(void *arg, const char *value), void *arg)
{
    char text[32];
    choice_text(key->choices, *(const unsigned *)field(key, c), text);
    each(arg, text);
}

const struct config_type config_choice = {
    .noun = "word", .quoted = true, .check = choice_check, .set = choice_set, .get = choice_get};

/* lists of names: char ** and behind it its size_t */

struct names {
    char **names;
    size_t count;
};

static bool names_check(const struct config_key *key, const char *value,
                        char problem[CONFIG_PROBLEM])
{
    if (key->check)
        return key->check(value, problem);
    if (strlen(value) <= 100)
        return true;
    snprintf(problem, CONFIG_PROBLEM, "\"%.60s...\" is too long, 100 bytes at most", value);
    return false;
}

static void names_release(const struct config_key *key, struct config *c)
{
    struct names *n = field(key, c);
    for (size_t i = 0; i < n->count; i++)
        free(n->names[i]);
    free(n->names);
    *n = (struct names){NULL, 0};
}

static enum error names_set(const struct config_key *key, struct config *c,
                            const struct config_values *values)
{
    names_release(key, c);
    struct names *n = field(key, c);
    n->names = calloc(values->count + 1, sizeof *n->names);
    if (!n->names)
        return ERR_MEMORY;
    for (; n->count < values->count; n->count++) {
        const char *value = values->values[n->count];
        n->names[n->count] =
            key->check == config_check_domain ? config_domain_canonical(value) : strdup(value);
        if (!n->names[n->count])
            return ERR_MEMORY;
    }
    return OK;
}

static void names_get(const struct config_key *key, const struct config *c,
                      void (*each)(void *arg, const char *value), void *arg)
{
    const struct names *n = field(key, c);
    for (size_t i = 0; i < n->count; i++)
        each(arg, n->names[i]);
}

const struct config_type config_names = {.noun = "list",
                                         .list = true,
                                         .quoted = true,
                                         .check = names_check,
                                         .set = names_set,
                                         .get = names_get,
                                         .release = names_release};

/* digest algorithms: one bool each, in the order of choices */

static bool *algorithm(struct config *c, int index)
{
    bool *const flags[] = {&c->auth.md5, &c->auth.sha256, &c->auth.sha512_256};
    return flags[index];
}

static enum error algorithms_set(const struct config_key *key, struct config *c,
                                 const struct config_values *values)
{
    c->auth.md5 = c->auth.sha256 = c->auth.sha512_256 = false;
    for (size_t i = 0; i < values->count; i++)
        *algorithm(c, choice_index(key->choices, values->values[i])) = true;
    return OK;
}

static void algorithms_get(const struct config_key *key, const struct config *c,
                           void (*each)(void *arg, const char *value), void *arg)
{
    char text[32];
    for (int i = 2; i >= 0; i--) {
        if (!*algorithm((struct config *)c, i))
            continue;
        choice_text(key->choices, (unsigned)i, text);
        each(arg, text);
    }
}

const struct config_type config_algorithms = {.noun = "list",
                                              .list = true,
                                              .quoted = true,
                                              .check = choice_check,
                                              .set = algorithms_set,
                                              .get = algorithms_get};
