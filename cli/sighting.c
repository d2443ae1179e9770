/* A trace item (docs/control.md) as the ladder shows it: when, with whom, what. */
#include "cli/cli.h"

#include <string.h>
#include <time.h>

static struct view member(const json_t *item, const char *key)
{
    const json_t *value = json_object_get(item, key);
    return (struct view){json_string_value(value), json_string_length(value)};
}

/* The user part of a URI, or of a whole From or To; empty when there is none. */
static struct view user_part(struct view v)
{
    static const char *const schemes[] = {"sip:", "sips:", "tel:"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct view scheme = view_of(schemes[i]);
        size_t at = view_ifind(v, scheme);
        if (at < v.n) {
            struct view rest = view_from(v, at + scheme.n);
            size_t end = 0;
            while (end < rest.n && !strchr("@;>? ", rest.p[end]))
                end++;
            bool user = i == 2 || (end < rest.n && rest.p[end] == '@');
            return user ? (struct view){rest.p, end} : VIEW_NONE;
        }
    }
    return (struct view){v.p, view_find(v, '@')};
}

/* "12:00:01.123" in local time from seconds since 1970, or from a text that holds it. */
static void time_read(struct sighting *s, const json_t *value)
{
    if (json_is_number(value)) {
        double seconds = json_number_value(value);
        time_t whole = (time_t)seconds;
        int ms = (int)((seconds - (double)whole) * 1000 + 0.5);
        struct tm tm;
        char clock[16] = "";
        if (localtime_r(&whole, &tm))
            strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
        snprintf(s->time, sizeof(s->time), "%s.%03d", clock, ms > 999 ? 999 : ms);
    } else if (json_is_string(value)) {
        const char *text = json_string_value(value), *day = strchr(text, 'T');
        snprintf(s->time, sizeof(s->time), "%.12s", day ? day + 1 : text);
    }
}

static void label_request(struct sighting *s, struct view summary, struct view method)
{
    struct view uri = summary;
    view_cut(&uri, ' ');
    uri = view_cut(&uri, ' ');
    struct view user = user_part(uri);
    snprintf(s->label, sizeof(s->label), "%.*s%s%.*s", VIEW_ARG(method), user.n ? " " : "",
             VIEW_ARG(user));
}

static void label_response(struct sighting *s, struct view summary, struct view method)
{
    if (view_istarts(summary, VIEW("SIP/2.0 ")))
        summary = view_from(summary, 8);
    snprintf(s->label, sizeof(s->label), "%.*s%s%.*s%s", VIEW_ARG(summary), method.n ? " (" : "",
             VIEW_ARG(method), method.n ? ")" : "");
}

void sighting_read(struct sighting *s, const json_t *item)
{
    *s = (struct sighting){.in = view_eq(member(item, "direction"), VIEW("in"))};
    struct view summary = member(item, "summary"), method = member(item, "method");
    struct view remote = member(item, "remote");
    bool request = json_integer_value(json_object_get(item, "status")) == 0;
    time_read(s, json_object_get(item, "time"));
    snprintf(s->remote, sizeof(s->remote), "%.*s", VIEW_ARG(remote));
    /* Who sends a request is its From, who sends a response is the To it answers for. */
    struct view name = user_part(member(item, s->in == request ? "from" : "to"));
    snprintf(s->name, sizeof(s->name), "%.*s", VIEW_ARG(name));
    if (request)
        label_request(s, summary, method);
    else
        label_response(s, summary, method);
}
