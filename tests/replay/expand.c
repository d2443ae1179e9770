/* Variables of a scenario. */
#include "tests/replay/expand.h"

#include <stdlib.h>
#include <string.h>

static struct {
    char *name, *value;
} variables[32];

static unsigned variable_count;

void expand_set(struct view name, struct view value)
{
    unsigned i = 0;

    while (i < variable_count && !view_eq(view_of(variables[i].name), name))
        i++;
    if (i == sizeof(variables) / sizeof(variables[0]))
        fail("too many variables");
    if (i == variable_count) {
        variable_count++;
        variables[i].name = view_dup(name);
    }
    free(variables[i].value);
    variables[i].value = view_dup(value);
}

void expand_forget(void)
{
    while (variable_count) {
        variable_count--;
        free(variables[variable_count].name);
        free(variables[variable_count].value);
    }
}

bool header_next(struct view *rest, struct view *name, struct view *value)
{
    struct view line = view_cut(rest, '\n');

    *value = view_trim(line);
    *name = view_trim(view_cut(value, ':'));
    *value = view_trim(*value);
    return name->n > 0;
}

bool header_is(struct view name, struct view other)
{
    enum header_id id = header_id_of(name);

    return view_ieq(name, other) || (id != HEADER_OTHER && id == header_id_of(other));
}

struct view header_of(struct view message, struct view name)
{
    struct view found, value;

    view_cut(&message, '\n');
    while (header_next(&message, &found, &value))
        if (header_is(found, name))
            return value;
    return VIEW_NONE;
}

/* "uri": what stands in <>; else the value of a parameter of that name. */
static struct view part_of(struct view value, struct view name)
{
    if (view_eq(name, VIEW("uri"))) {
        if (view_find(value, '<') < value.n)
            view_cut(&value, '<');
        return view_cut(&value, '>');
    }
    for (size_t at = 1; at + name.n < value.n; at++) {
        struct view rest = view_from(value, at);

        if (!memchr(";, ", value.p[at - 1], 3) || !view_istarts(rest, name) ||
            rest.p[name.n] != '=')
            continue;
        rest = view_from(rest, name.n + 1);
        if (rest.p[0] == '"')
            return view_cut(&(struct view){rest.p + 1, rest.n - 1}, '"');
        for (size_t n = 0; n < rest.n; n++)
            if (memchr(";,> ", rest.p[n], 4))
                rest.n = n;
        return rest;
    }
    fail("there is no \"%.*s\" in \"%.*s\"", VIEW_ARG(name), VIEW_ARG(value));
}

/* Methods and statuses are written without small letters, header fields are not. */
static bool is_kind(struct view word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] >= 'a' && word.p[i] <= 'z')
            return false;
    return true;
}

static void packet_part(struct text *out, const struct peer *peer, struct view rest)
{
    struct view kind = VIEW_NONE, header = view_cut(&rest, '.'), value;
    const struct packet *packet;

    if (is_kind(header)) {
        kind = header;
        header = view_cut(&rest, '.');
    }
    packet = stage_last(peer, kind);
    if (!packet)
        fail("no %.*s left for %s yet", VIEW_ARG(kind), peer->name);
    value = header_of(packet->bytes, header);
    if (!value.n)
        fail("there is no %.*s in:\n%.*s", VIEW_ARG(header), VIEW_ARG(packet->bytes));
    text_view(out, rest.n ? part_of(value, rest) : value);
}

static void expand_one(struct text *out, struct view expression)
{
    struct view rest = expression, first = view_cut(&rest, '.');

    for (unsigned i = 0; i < variable_count; i++) {
        if (view_eq(view_of(variables[i].name), expression)) {
            text_string(out, variables[i].value);
            return;
        }
    }
    if (view_eq(expression, VIEW("server")))
        text_format(out, "%s:%d", SERVER_ADDRESS, SERVER_PORT);
    else if (!rest.n)
        stage_address(stage_find(first), out);
    else
        packet_part(out, stage_find(first), rest);
}

void expand(struct text *out, struct view text)
{
    size_t at;

    while ((at = view_ifind(text, VIEW("$("))) < text.n) {
        text_view(out, (struct view){text.p, at});
        text = view_from(text, at + 2);
        expand_one(out, view_cut(&text, ')'));
    }
    text_view(out, text);
    if (out->full)
        fail("the text is too long");
}
