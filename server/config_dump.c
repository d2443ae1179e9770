/* Two configurations side by side, and one written out: all from the table. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "server/config_table.h"

typedef void config_line(void *arg, const char *text);

static void line_tell(config_line *line, void *arg, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line without memory for it is left out. */
static void line_tell(config_line *line, void *arg, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    if (n < 0)
        return;
    line(arg, text);
    free(text);
}

static bool key_phone(const struct config_key *key)
{
    return key->section && !strcmp(key->section, "phone");
}

void config_dump(const struct config *c, config_line *line, void *arg)
{
    const char *section = NULL;
    for (size_t i = 0; i < config_key_count && !key_phone(&config_keys[i]); i++) {
        const struct config_key *key = &config_keys[i];
        bool other = key->section && (!section || strcmp(section, key->section));
        char *text = config_key_text(key, c);
        if (other && section)
            line(arg, "}");
        if (other)
            line_tell(line, arg, "%s {", key->section);
        section = key->section;
        if (text)
            line_tell(line, arg, "%s%s = %s", section ? "    " : "", key->name, text);
        free(text);
    }
    if (section)
        line(arg, "}");
    for (size_t i = 0; i < c->phone_count; i++)
        line(arg, c->phones[i]);
}

static const char *first_domain(const struct config *c)
{
    return c->domain_count ? c->domains[0] : "";
}

static bool key_restarts(const struct config_key *key, const struct config *a,
                         const struct config *b)
{
    if (key->effect == EFFECT_FIRST)
        return strcmp(first_domain(a), first_domain(b)) != 0;
    return key->effect == EFFECT_RESTART;
}

static unsigned phones_diff(const struct config *a, const struct config *b, config_line *line,
                            void *arg)
{
    bool same = a->phone_count == b->phone_count;
    for (size_t i = 0; same && i < a->phone_count; i++)
        same = !strcmp(a->phones[i], b->phones[i]);
    if (!same)
        line_tell(line, arg, "phone: %zu hosted -> %zu hosted", a->phone_count, b->phone_count);
    return !same;
}

unsigned config_diff(const struct config *a, const struct config *b, bool *restart,
                     config_line *line, void *arg)
{
    unsigned changed = 0;
    char path[64];
    *restart = false;
    for (size_t i = 0; i < config_key_count && !key_phone(&config_keys[i]); i++) {
        const struct config_key *key = &config_keys[i];
        char *before = config_key_text(key, a), *after = config_key_text(key, b);
        if (before && after && strcmp(before, after)) {
            bool later = key_restarts(key, a, b);
            *restart = *restart || later;
            changed++;
            line_tell(line, arg, "%s: %s -> %s%s", config_key_path(key, path), before, after,
                      later ? " (takes effect at the next restart)" : "");
        }
        free(before);
        free(after);
    }
    return changed + phones_diff(a, b, line, arg);
}

struct kept_values {
    struct config_values values;
    bool failed;
};

static void kept_add(void *arg, const char *value)
{
    struct kept_values *k = arg;
    const char **grown = realloc(k->values.values, (k->values.count + 1) * sizeof *grown);
    if (grown) {
        k->values.values = grown;
        grown[k->values.count] = strdup(value);
        if (grown[k->values.count]) {
            k->values.count++;
            return;
        }
    }
    k->failed = true;
}

static enum error key_copy(const struct config_key *key, struct config *to,
                           const struct config *from)
{
    struct kept_values kept = {{NULL, 0}, false};
    key->type->get(key, from, kept_add, &kept);
    enum error e = kept.failed ? ERR_MEMORY : key->type->set(key, to, &kept.values);
    config_values_free(&kept.values);
    return e;
}

/* A tls: listener that stays until the restart needs its certificate until then. */
static enum error certificate_keep(struct config *next, const struct config *now)
{
    enum error e = OK;
    if (!config_has_tls(next) || next->tls.certificate[0])
        return OK;
    for (size_t i = 0; i < config_key_count && !e; i++)
        if (config_keys[i].section && !strcmp(config_keys[i].section, "tls"))
            e = key_copy(&config_keys[i], next, now);
    return e;
}

enum error config_keep(struct config *next, const struct config *now)
{
    enum error e = OK;
    for (size_t i = 0; i < config_key_count && !e; i++)
        if (key_restarts(&config_keys[i], next, now))
            e = key_copy(&config_keys[i], next, now);
    next->listen_default = now->listen_default;
    return e ? e : certificate_keep(next, now);
}

/* Is the value one that asks for nothing? */
static bool value_idle(const char *text)
{
    return !strcmp(text, "\"\"") || !strcmp(text, "off") || !strcmp(text, "{}");
}

void config_warnings(const struct config *c, config_line *line, void *arg)
{
    char path[64];
    for (size_t i = 0; i < config_key_count && !key_phone(&config_keys[i]); i++) {
        const struct config_key *key = &config_keys[i];
        const char *set = key->effect == EFFECT_LATER ? c->later[config_later_index(key)] : NULL;
        if (set && !value_idle(set))
            line_tell(line, arg, "%s has no effect yet", config_key_path(key, path));
    }
    if (c->phone_count)
        line_tell(line, arg, "phone has no effect yet");
}
