/* The configuration file is read by libconfuse, which knows only texts and lists of texts here:
 * every value is checked by its row of the table, so that one run tells all wrong values. */
#include "server/config_table.h"

#include <confuse.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS_MAX 16

struct parse {
    const char *file, *text;
    config_problem *problem;
    void *arg;
    unsigned problems;
    struct {
        int line;     /* of the last value, 0 for none */
        size_t count; /* of values when the last was checked */
        bool bad;
    } * keys; /* one per row of the table */
    struct config *config;
};

/* libconfuse hands no pointer of ours to its callbacks; its scanner is global as well. */
static struct parse *current;

static void problem_tell(struct parse *p, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void problem_tell(struct parse *p, int line, const char *format, ...)
{
    char what[CONFIG_PROBLEM + 200], text[sizeof what + 300];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (line)
        snprintf(text, sizeof text, "%.250s:%d: %s", p->file, line, what);
    else
        snprintf(text, sizeof text, "%.250s: %s", p->file, what);
    p->problems++;
    p->problem(p->arg, text);
}

/* How many letters have to change to make b of a; both are short. */
static unsigned spelling_distance(const char *a, const char *b)
{
    unsigned row[40];
    size_t n = strlen(b);
    if (n >= 40)
        return UINT32_MAX;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            unsigned change = diagonal + (tolower((unsigned char)*a) != b[j - 1]);
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[n];
}

static const char *section_of(cfg_t *cfg)
{
    const char *name = cfg_name(cfg);
    return strcmp(name, "root") ? name : NULL;
}

/* The key or section that may have been meant by name. */
static bool spelling_guess(const char *section, const char *name, char guess[64])
{
    unsigned best = 3;
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *k = &config_keys[i];
        bool here = section ? k->section && !strcmp(k->section, section) : !k->section;
        unsigned d = spelling_distance(name, here || section ? k->name : k->section);
        unsigned elsewhere = !here; /* prefer a key of this section */
        if (d + elsewhere >= best)
            continue;
        best = d + elsewhere;
        if (here || section)
            config_key_path(k, guess);
        else
            snprintf(guess, 64, "%s {...}", k->section);
    }
    return best < 3;
}

static void unknown_tell(cfg_t *cfg, const char *name)
{
    const char *section = section_of(cfg);
    const struct config_key *same = NULL;
    char guess[64];
    for (size_t i = 0; i < config_key_count && !same; i++)
        if (!strcmp(config_keys[i].name, name))
            same = &config_keys[i];
    if (same && same->section)
        problem_tell(current, cfg->line, "unknown key \"%s\"; it belongs into %s { }", name,
                     same->section);
    else if (same)
        problem_tell(current, cfg->line, "unknown key \"%s\"; it belongs outside of %s { }", name,
                     section);
    else if (spelling_guess(section, name, guess))
        problem_tell(current, cfg->line, "unknown key \"%.60s\"; did you mean %s?", name, guess);
    else
        problem_tell(current, cfg->line, "unknown key \"%.60s\"; offhook.conf(5) lists all", name);
}

static const char *syntax_hint(const char *text)
{
    if (strstr(text, "end of file") || strstr(text, "unterminated"))
        return "a quote or a brace } is missing";
    if (strstr(text, "equal sign"))
        return "write it as key = value";
    if (strstr(text, "opening brace"))
        return "write it as section { key = value }";
    return "look for a missing quote, comma or brace before it";
}

static void parse_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void parse_error(cfg_t *cfg, const char *format, va_list args)
{
    char text[CONFIG_PROBLEM];
    if (strstr(format, "no such option")) {
        unknown_tell(cfg, va_arg(args, const char *));
        return;
    }
    vsnprintf(text, sizeof text, format, args);
    problem_tell(current, cfg->line, "%s; %s", text, syntax_hint(text));
}

static bool value_check(const struct config_key *key, const char *value,
                        char problem[CONFIG_PROBLEM])
{
    for (const char *p = value; *p; p++)
        if (iscntrl((unsigned char)*p)) {
            snprintf(problem, CONFIG_PROBLEM, "has a control character; write plain text");
            return false;
        }
    return key->type->check(key, value, problem);
}

/* Called by libconfuse after each value, and once more at the end of a list. */
static int value_seen(cfg_t *cfg, cfg_opt_t *opt)
{
    char problem[CONFIG_PROBLEM], path[64];
    const struct config_key *key = config_key_find(section_of(cfg), opt->name);
    if (!key || !opt->nvalues) {
        problem_tell(current, cfg->line, "%s is written inside its section { }", opt->name);
        return 0;
    }
    bool *bad = &current->keys[key - config_keys].bad;
    size_t *count = &current->keys[key - config_keys].count;
    bool again = key->type->list && *bad && *count == opt->nvalues;
    current->keys[key - config_keys].line = cfg->line;
    *count = opt->nvalues;
    *bad = !value_check(key, opt->values[opt->nvalues - 1]->string, problem);
    if (*bad && !again)
        problem_tell(current, cfg->line, "%s: %s", config_key_path(key, path), problem);
    return 0;
}

/* The line on which a key was given; an empty list has to be looked for. */
static int key_line(const struct parse *p, const struct config_key *key)
{
    int line = 1;
    size_t n = strlen(key->name);
    if (p->keys[key - config_keys].line)
        return p->keys[key - config_keys].line;
    for (const char *s = p->text; *s; line++) {
        const char *name = s + strspn(s, " \t");
        if (!strncmp(name, key->name, n) && strspn(name + n, " \t=+"))
            return line;
        s += strcspn(s, "\n");
        s += *s == '\n';
    }
    return 0;
}

static bool count_check(struct parse *p, const struct config_key *key, cfg_opt_t *opt)
{
    char path[64];
    if (!key->type->list || (opt->nvalues >= key->min && opt->nvalues <= key->max))
        return true;
    config_key_path(key, path);
    if (opt->nvalues < key->min)
        problem_tell(p, key_line(p, key),
                     "%s: is empty; give at least one entry, or leave the key "
                     "out for the default",
                     path);
    else
        problem_tell(p, key_line(p, key), "%s: has %u entries; %u at most", path, opt->nvalues,
                     key->max);
    return false;
}

/* Takes over what the file says about one key. */
static enum error key_apply(struct parse *p, const struct config_key *key, cfg_opt_t *opt)
{
    struct config_values values = {calloc(opt->nvalues + 1, sizeof *values.values), 0};
    enum error e = values.values ? OK : ERR_MEMORY;
    for (; !e && values.count < opt->nvalues; values.count++)
        values.values[values.count] = opt->values[values.count]->string;
    if (!e && key->effect != EFFECT_LATER && (values.count || key->initial))
        e = key->type->set(key, p->config, &values);
    if (!e && key->effect == EFFECT_LATER) {
        char **slot = &p->config->later[config_later_index(key)];
        char *initial = config_key_text(key, p->config), *text = config_values_text(key, &values);
        e = initial && text ? OK : ERR_MEMORY;
        if (!e && strcmp(initial, text)) {
            free(*slot);
            *slot = text;
            text = NULL;
        }
        free(initial);
        free(text);
    }
    free(values.values);
    return e;
}

static enum error phones_apply(struct parse *p, cfg_t *root)
{
    unsigned count = cfg_size(root, "phone");
    p->config->phones = calloc(count + 1, sizeof *p->config->phones);
    if (!p->config->phones)
        return ERR_MEMORY;
    for (unsigned i = 0; i < count; i++) {
        cfg_t *phone = cfg_getnsec(root, "phone", i);
        const char *title[] = {cfg_title(phone)};
        const char *number[] = {cfg_getstr(phone, "number")};
        const char *answer[] = {cfg_getstr(phone, "answer")};
        const struct config_key *key = config_key_find("phone", "number");
        char *quoted[3] = {
            config_values_text(key, &(struct config_values){title, 1}),
            config_values_text(key, &(struct config_values){number, number[0] != 0}),
            config_values_text(key, &(struct config_values){answer, answer[0] != 0})};
        char *text = NULL;
        if (quoted[0] && quoted[1] && quoted[2] &&
            asprintf(&text, "phone %s { number = %s answer = %s }", quoted[0],
                     number[0] ? quoted[1] : "\"\"", answer[0] ? quoted[2] : "\"\"") < 0)
            text = NULL;
        for (int q = 0; q < 3; q++)
            free(quoted[q]);
        if (!text)
            return ERR_MEMORY;
        p->config->phones[p->config->phone_count++] = text;
    }
    return OK;
}

static void problem_memory(struct parse *p)
{
    problem_tell(p, 0, "there is not enough memory to read it");
}

static void keys_apply(struct parse *p, cfg_t *root)
{
    enum error e = OK;
    for (size_t i = 0; i < config_key_count && !e; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->section && !strcmp(key->section, "phone"))
            continue;
        cfg_t *cfg = key->section ? cfg_getsec(root, key->section) : root;
        cfg_opt_t *opt = cfg ? cfg_getopt(cfg, key->name) : NULL;
        if (opt && (opt->flags & CFGF_MODIFIED) && count_check(p, key, opt))
            e = key_apply(p, key, opt);
    }
    if (!e)
        e = phones_apply(p, root);
    if (e)
        problem_memory(p);
}

/* libconfuse's description of the file. Texts have no default there: absent is not empty. */
struct grammar {
    cfg_opt_t *options; /* rows of all sections, one behind the other, each ended by CFG_END */
    cfg_opt_t *top;
};

static cfg_opt_t option_of(const struct config_key *key)
{
    cfg_opt_t text = CFG_STR(key->name, NULL, CFGF_NODEFAULT);
    cfg_opt_t list = CFG_STR_LIST(key->name, NULL, CFGF_NODEFAULT);
    cfg_opt_t option = key->type->list ? list : text;
    option.validcb = value_seen;
    return option;
}

static cfg_opt_t *grammar_new(struct grammar *g)
{
    cfg_opt_t end = CFG_END(), *next, *top;
    g->options = calloc(2 * config_key_count + 2 * SECTIONS_MAX, sizeof *g->options);
    if (!g->options)
        return NULL;
    g->top = top = g->options;
    next = g->options + config_key_count + SECTIONS_MAX;
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        bool first = key->section && (!i || !config_keys[i - 1].section ||
                                      strcmp(config_keys[i - 1].section, key->section));
        if (first) {
            bool titled = !strcmp(key->section, "phone");
            next++; /* the zeroed row before it ends the section above */
            *top++ = (cfg_opt_t)CFG_SEC(key->section, next,
                                        titled ? CFGF_TITLE | CFGF_MULTI : CFGF_NONE);
        }
        *(key->section ? next++ : top++) = option_of(key);
    }
    *top = end;
    return g->top;
}

static void text_parse(struct parse *p)
{
    struct grammar grammar;
    cfg_t *root = grammar_new(&grammar) ? cfg_init(grammar.top, CFGF_NONE) : NULL;
    if (root) {
        cfg_set_error_function(root, parse_error);
        current = p;
        if (cfg_parse_buf(root, p->text) == CFG_SUCCESS) {
            if (!p->problems)
                keys_apply(p, root);
        } else if (!p->problems) {
            problem_memory(p);
        }
        current = NULL;
        cfg_free(root);
    } else {
        problem_memory(p);
    }
    free(grammar.options);
}

/* Rules between keys. */
static void config_check(struct parse *p)
{
    struct config *c = p->config;
    int line = 0;
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].section && !strcmp(config_keys[i].section, "registrar") &&
            p->keys[i].line > line)
            line = p->keys[i].line;
    if (c->registrar.min_expires > c->registrar.max_expires)
        problem_tell(p, line, "registrar.min-expires: %u is more than max-expires, %u",
                     c->registrar.min_expires, c->registrar.max_expires);
    else if (c->registrar.default_expires < c->registrar.min_expires ||
             c->registrar.default_expires > c->registrar.max_expires)
        problem_tell(p, line,
                     "registrar.default-expires: %u is not from min-expires to "
                     "max-expires, %u to %u",
                     c->registrar.default_expires, c->registrar.min_expires,
                     c->registrar.max_expires);
    if (config_has_tls(c) && !c->tls.certificate[0])
        problem_tell(p, key_line(p, config_key_find(NULL, "listen")),
                     "listen: tls: needs a certificate; write tls { certificate = \"FILE\" "
                     "key = \"FILE\" }");
    if (c->tls.verify_client && !c->tls.ca[0])
        problem_tell(p, key_line(p, config_key_find("tls", "verify-client")),
                     "tls.verify-client: needs tls.ca, the file of the authorities that clients' "
                     "certificates come from");
    for (size_t i = 0; i < c->listen_count; i++)
        for (size_t j = 0; j < i; j++)
            if (config_listen_same(&c->listens[i], &c->listens[j]))
                problem_tell(p, key_line(p, config_key_find(NULL, "listen")),
                             "listen: \"%s\" is there twice; keep one", c->listens[i].text);
}

/* A configuration with every default in it. */
static struct config *config_new(void)
{
    struct config *c = calloc(1, sizeof *c);
    enum error e = c ? config_host_defaults(c) : ERR_MEMORY;
    if (c) {
        c->later_count = config_later_count();
        c->later = calloc(c->later_count + 1, sizeof *c->later);
        e = c->later ? e : ERR_MEMORY;
    }
    for (size_t i = 0; i < config_key_count && !e; i++) {
        struct config_values values;
        if (config_keys[i].effect == EFFECT_LATER || !config_keys[i].initial)
            continue;
        e = config_values_initial(&config_keys[i], &values);
        if (!e)
            e = config_keys[i].type->set(&config_keys[i], c, &values);
        config_values_free(&values);
    }
    if (e) {
        config_free(c);
        c = NULL;
    }
    return c;
}

static void realm_default(struct parse *p)
{
    struct config *c = p->config;
    if (c->auth.realm[0])
        return;
    char *realm = strdup(c->domains[0]);
    if (!realm) {
        problem_memory(p);
        return;
    }
    free(c->auth.realm);
    c->auth.realm = realm;
}

struct config *config_parse(const char *file, const char *text, size_t size,
                            config_problem *problem, void *arg)
{
    struct parse p = {.file = file, .problem = problem, .arg = arg};
    int line;
    const char *what;
    char *copy = calloc(1, size + 1);
    if (copy && size)
        memcpy(copy, text, size);
    p.text = copy;
    p.keys = calloc(config_key_count, sizeof *p.keys);
    p.config = config_new();
    if (!copy || !p.keys || !p.config)
        problem_memory(&p);
    else if (config_text_clean(copy, size, &line, &what))
        text_parse(&p);
    else
        problem_tell(&p, line, "%s", what);
    if (!p.problems)
        config_check(&p);
    if (!p.problems)
        realm_default(&p);
    free(p.keys);
    free(copy);
    if (!p.problems)
        return p.config;
    config_free(p.config);
    return NULL;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].effect != EFFECT_LATER && config_keys[i].type->release)
            config_keys[i].type->release(&config_keys[i], c);
    for (size_t i = 0; c->later && i < c->later_count; i++)
        free(c->later[i]);
    free(c->later);
    for (size_t i = 0; i < c->phone_count; i++)
        free(c->phones[i]);
    free(c->phones);
    free(c);
}
