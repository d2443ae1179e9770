/* Cutting a session description into lines and words. */
#include "media/sdp_line.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool sdp_line_take(struct sdp_line *out, struct view *rest)
{
    size_t n = view_find(*rest, '\n'), end = n;

    if (end > 0 && end < rest->n && rest->p[end - 1] == '\r')
        end--;
    if (end < 2 || !is_letter(rest->p[0]) || rest->p[1] != '=')
        return false;
    out->all = (struct view){rest->p, n < rest->n ? n + 1 : n};
    out->type = rest->p[0];
    out->value = (struct view){rest->p + 2, end - 2};
    out->ending = view_from(out->all, end);
    *rest = view_from(*rest, out->all.n);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void blanks_skip(struct view *v)
{
    while (v->n && is_blank(v->p[0]))
        *v = view_from(*v, 1);
}

struct view sdp_word_take(struct view *rest)
{
    struct view word;

    blanks_skip(rest);
    word = (struct view){rest->p, 0};
    while (word.n < rest->n && !is_blank(rest->p[word.n]))
        word.n++;
    *rest = view_from(*rest, word.n);
    blanks_skip(rest);
    return word;
}

struct view sdp_attribute_split(struct view value, struct view *argument)
{
    *argument = value;
    return view_trim(view_cut(argument, ':'));
}
