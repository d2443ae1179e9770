/* Taking a multipart body apart, as far as the session description in it. */
#include "media/multipart.h"

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */
#define NESTED_MAX   1

/* "application/sdp" of "application/sdp; charset=utf-8". */
static struct view media_type(struct view type)
{
    return view_trim(view_cut(&type, ';'));
}

/* Length of the parameter that v begins with, quoted semicolons passed over. */
static size_t param_size(struct view v)
{
    bool quoted = false;
    size_t i;

    for (i = 0; i < v.n && (quoted || v.p[i] != ';'); i++)
        if (v.p[i] == '"')
            quoted = !quoted;
    return i;
}

/* The boundary that type names. False: none, or none that may be one. */
static bool boundary_find(struct view *out, struct view type)
{
    struct view rest = view_from(type, view_find(type, ';') + 1);

    while (rest.n) {
        struct view value = {rest.p, param_size(rest)}, name;

        rest = view_from(rest, value.n + 1);
        name = view_trim(view_cut(&value, '='));
        if (!view_ieq(name, VIEW("boundary")))
            continue;
        value = view_trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct view){value.p + 1, value.n - 2};
        *out = value;
        return value.n && value.n <= BOUNDARY_MAX && view_find(value, '"') == value.n &&
               view_find(value, '\\') == value.n;
    }
    return false;
}

/* Cuts a line off *rest, which is not empty; its ending goes. */
static struct view line_take(struct view *rest)
{
    struct view line = view_cut(rest, '\n');

    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

enum mark { MARK_NONE, MARK_PART, MARK_END };

/* Is line a delimiter, or the one behind the last part? */
static enum mark mark_of(struct view line, struct view boundary)
{
    struct view rest = view_from(line, 2 + boundary.n);

    if (line.n < 2 + boundary.n || line.p[0] != '-' || line.p[1] != '-' ||
        !view_eq((struct view){line.p + 2, boundary.n}, boundary))
        return MARK_NONE;
    rest = view_trim(rest);
    if (!rest.n)
        return MARK_PART;
    return view_eq(rest, VIEW("--")) ? MARK_END : MARK_NONE;
}

/* Cuts the text before the next delimiter off *rest, and the delimiter; the line ending before a
 * delimiter belongs to it. MARK_NONE: there is no delimiter. */
static enum mark part_take(struct view *out, struct view *rest, struct view boundary)
{
    struct view before = {rest->p, 0};

    while (rest->n) {
        struct view line = line_take(rest);
        enum mark mark = mark_of(line, boundary);

        if (mark != MARK_NONE) {
            *out = before;
            return mark;
        }
        before.n = (size_t)(line.p + line.n - before.p);
    }
    return MARK_NONE;
}

/* Cuts the headers off a part; the value of its Content-Type, with folds, or "". */
static struct view part_type_take(struct view *part)
{
    struct view type = VIEW("");
    bool ours = false;

    while (part->n) {
        struct view value = line_take(part), name;
        const char *end = value.p + value.n;

        if (!value.n)
            break;
        if (value.p[0] == ' ' || value.p[0] == '\t') {
            if (ours)
                type.n = (size_t)(end - type.p);
            continue;
        }
        name = view_trim(view_cut(&value, ':'));
        ours = view_ieq(name, VIEW("Content-Type"));
        if (ours)
            type = value;
    }
    return view_trim(type);
}

static enum error sdp_find(struct view *out, struct view type, struct view body, unsigned depth);

/* The parts of a multipart body in turn. */
static enum error parts_search(struct view *out, struct view type, struct view body, unsigned depth)
{
    struct view boundary, part;
    enum mark mark;

    if (!boundary_find(&boundary, type) || part_take(&part, &body, boundary) != MARK_PART)
        return ERR_SYNTAX; /* the first cut is what stands before the parts */
    do {
        enum error e;

        mark = part_take(&part, &body, boundary);
        if (mark == MARK_NONE)
            return ERR_SYNTAX;
        type = part_type_take(&part);
        e = sdp_find(out, type, part, depth);
        if (e != OK || out->p)
            return e;
    } while (mark == MARK_PART);
    return OK;
}

static enum error sdp_find(struct view *out, struct view type, struct view body, unsigned depth)
{
    *out = VIEW_NONE;
    if (view_ieq(media_type(type), VIEW("application/sdp")))
        *out = body;
    else if (depth <= NESTED_MAX && view_istarts(media_type(type), VIEW("multipart/")))
        return parts_search(out, type, body, depth + 1);
    return OK;
}

enum error body_find_sdp(struct view *out, struct view type, struct view body)
{
    return sdp_find(out, type, body, 0);
}
