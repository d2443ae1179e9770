/* Building the answers of commands. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/answer.h"

json_t *answer_ok(void)
{
    return json_pack("{s:b}", "ok", 1);
}

json_t *answer_error(const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0)
        n = 0;
    if ((size_t)n >= sizeof(text))
        n = sizeof(text) - 1;
    return json_pack("{s:b, s:o}", "ok", 0, "error", answer_text((struct view){text, (size_t)n}));
}

json_t *answer_of(const struct store *store, enum error e)
{
    switch (e) {
    case OK:
        return answer_ok();
    case ERR_MEMORY:
        return answer_error("no memory left; try again later");
    default:
        return answer_error("%s", store->error[0] ? store->error : error_text(e));
    }
}

json_t *answer_text(struct view v)
{
    json_t *text = json_stringn(v.n ? v.p : "", v.n);
    char *ascii;

    if (text || v.n == 0)
        return text;
    ascii = malloc(v.n);
    if (!ascii)
        return NULL;
    for (size_t i = 0; i < v.n; i++)
        ascii[i] = (v.p[i] & 0x80) ? '?' : v.p[i];
    text = json_stringn(ascii, v.n);
    free(ascii);
    return text;
}

bool answer_item(const struct command_context *c, json_t *item)
{
    if (!item)
        return false;
    if (c->item)
        c->item(c->arg, item);
    json_decref(item);
    return true;
}

json_t *answer_next(json_t *closing, const char *next)
{
    if (json_object_set_new(closing, "next", answer_text(view_of(next))) == 0)
        return closing;
    json_decref(closing);
    return NULL;
}

void answer_change(const struct command_context *c, enum change_kind kind, struct view number,
                   struct view domain, struct view text)
{
    struct change change = {.kind = kind, .number = number, .domain = domain, .text = text};

    if (c->changed)
        c->changed(c->arg, &change);
}
