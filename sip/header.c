/* Names and values of header fields. */
#include "sip/header.h"

#include "sip/letter.h"

static const struct {
    struct view name;
    char compact;
    bool single;
} headers[HEADER_IDS] = {
    [HEADER_OTHER] = {{"", 0}, 0, false},
    [HEADER_VIA] = {{"Via", 3}, 'v', false},
    [HEADER_FROM] = {{"From", 4}, 'f', true},
    [HEADER_TO] = {{"To", 2}, 't', true},
    [HEADER_CALL_ID] = {{"Call-ID", 7}, 'i', true},
    [HEADER_CSEQ] = {{"CSeq", 4}, 0, true},
    [HEADER_MAX_FORWARDS] = {{"Max-Forwards", 12}, 0, true},
    [HEADER_CONTACT] = {{"Contact", 7}, 'm', false},
    [HEADER_ROUTE] = {{"Route", 5}, 0, false},
    [HEADER_RECORD_ROUTE] = {{"Record-Route", 12}, 0, false},
    [HEADER_CONTENT_LENGTH] = {{"Content-Length", 14}, 'l', true},
    [HEADER_CONTENT_TYPE] = {{"Content-Type", 12}, 'c', true},
    [HEADER_EXPIRES] = {{"Expires", 7}, 0, true},
    [HEADER_AUTHORIZATION] = {{"Authorization", 13}, 0, false},
    [HEADER_PROXY_AUTHORIZATION] = {{"Proxy-Authorization", 19}, 0, false},
    [HEADER_WWW_AUTHENTICATE] = {{"WWW-Authenticate", 16}, 0, false},
    [HEADER_PROXY_AUTHENTICATE] = {{"Proxy-Authenticate", 18}, 0, false},
    [HEADER_REQUIRE] = {{"Require", 7}, 0, false},
    [HEADER_PROXY_REQUIRE] = {{"Proxy-Require", 13}, 0, false},
    [HEADER_SUPPORTED] = {{"Supported", 9}, 'k', false},
    [HEADER_PATH] = {{"Path", 4}, 0, false},
    [HEADER_USER_AGENT] = {{"User-Agent", 10}, 0, false},
    [HEADER_TIMESTAMP] = {{"Timestamp", 9}, 0, false},
    [HEADER_DATE] = {{"Date", 4}, 0, false},
    [HEADER_MAX_BREADTH] = {{"Max-Breadth", 11}, 0, true},
    [HEADER_DIVERSION] = {{"Diversion", 9}, 0, false},
    [HEADER_ASSERTED_IDENTITY] = {{"P-Asserted-Identity", 19}, 0, false},
    [HEADER_PREFERRED_IDENTITY] = {{"P-Preferred-Identity", 20}, 0, false},
    [HEADER_REMOTE_PARTY_ID] = {{"Remote-Party-ID", 15}, 0, false},
    [HEADER_PRIVACY] = {{"Privacy", 7}, 0, false},
};

static enum header_id id_search(struct view name)
{
    char first = name.n ? name.p[0] | 0x20 : 0;

    for (int i = HEADER_OTHER + 1; i < HEADER_IDS; i++) {
        if (name.n == 1 ? headers[i].compact == first
                        : name.n == headers[i].name.n && (headers[i].name.p[0] | 0x20) == first &&
                              view_ieq(name, headers[i].name))
            return (enum header_id)i;
    }
    return HEADER_OTHER;
}

/* Length and ends tell almost all names apart; a place is filled at first use. */
static unsigned shape_of(struct view name)
{
    return ((unsigned)name.n * 5 + (name.p[0] | 0x20u) * 3 + (name.p[name.n - 1] | 0x20u) * 7) &
           255;
}

enum header_id header_id_of(struct view name)
{
    static __thread uint8_t by_shape[256];
    unsigned shape;
    enum header_id id;

    if (name.n < 2)
        return id_search(name);
    shape = shape_of(name);
    if (by_shape[shape] && view_ieq(name, headers[by_shape[shape]].name))
        return (enum header_id)by_shape[shape];
    id = id_search(name);
    if (id != HEADER_OTHER)
        by_shape[shape] = (uint8_t)id;
    return id;
}

bool header_is_single(enum header_id id)
{
    return headers[id].single;
}

/* Offset of the first of `stops` outside quotes and brackets, or v.n. */
static size_t find_outside(struct view v, char stop)
{
    bool quoted = false, bracketed = false;

    if (view_find(v, stop) == v.n) /* most values end here */
        return v.n;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == stop && !bracketed) {
            return i;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '<') {
            bracketed = true;
        } else if (c == '>') {
            bracketed = false;
        }
    }
    return v.n;
}

struct view header_value_next(struct view *rest)
{
    size_t n = find_outside(*rest, ',');
    struct view value = {rest->p, n};

    *rest = view_from(*rest, n + 1);
    return view_trim(value);
}

struct view header_param(struct view params, struct view name, bool *found)
{
    *found = false;
    while (params.n) {
        size_t n = find_outside(params, ';');
        struct view rest = {params.p, n};
        size_t equals = view_find(rest, '=');

        params = view_from(params, n + 1);
        if (view_ieq(view_trim((struct view){rest.p, equals}), name)) {
            *found = true;
            return view_trim(view_from(rest, equals + 1));
        }
    }
    return VIEW_NONE;
}

uint16_t header_q(struct view params)
{
    bool found;
    struct view text = header_param(params, VIEW("q"), &found);
    unsigned q = 0, weight = 100;

    if (!text.n || (text.p[0] != '0' && text.p[0] != '1') || text.n > 5 ||
        (text.n > 1 && text.p[1] != '.'))
        return 1000;
    q = text.p[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < text.n; i++, weight /= 10) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return 1000;
        q += (unsigned)(text.p[i] - '0') * weight;
    }
    return (uint16_t)(q > 1000 ? 1000 : q);
}

struct view header_unquote(struct view v)
{
    if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
        return (struct view){v.p + 1, v.n - 2};
    return v;
}

bool header_balanced(struct view v)
{
    bool quoted = false;

    for (size_t i = view_find(v, '"'); i < v.n; i++) {
        if (quoted && v.p[i] == '\\')
            i++;
        else if (v.p[i] == '"')
            quoted = !quoted;
    }
    return !quoted;
}

bool header_is_token(struct view v)
{
    return letter_run(&v, LETTER_TOKEN).n > 0 && v.n == 0;
}

/* An unquoted display name is a run of tokens; a comma or colon in it is an error of the sender. */
static bool display_is_valid(struct view v)
{
    v = view_trim(v);
    if (v.n && v.p[0] == '"')
        return v.n >= 2 && header_balanced(v) && v.p[v.n - 1] == '"';
    while (v.n) {
        size_t n = 0;

        while (n < v.n && v.p[n] != ' ' && v.p[n] != '\t' && v.p[n] != '\r' && v.p[n] != '\n')
            n++;
        if (n && !header_is_token((struct view){v.p, n}))
            return false;
        v = view_from(v, n + 1);
    }
    return true;
}

/* Offset of the '<' that opens the URI, past a quoted display name; v.n without one. */
static size_t find_bracket(struct view v)
{
    bool quoted = false;

    for (size_t i = 0; i < v.n; i++) {
        if (quoted && v.p[i] == '\\')
            i++;
        else if (v.p[i] == '"')
            quoted = !quoted;
        else if (v.p[i] == '<' && !quoted)
            return i;
    }
    return v.n;
}

static enum error bare_addr_parse(struct name_addr *out, struct view value)
{
    size_t semicolon = view_find(value, ';');

    out->uri = view_trim((struct view){value.p, semicolon});
    out->params = view_from(value, semicolon);
    for (size_t i = 0; i < out->uri.n; i++) /* 20.10: these need brackets */
        if (out->uri.p[i] == ',' || out->uri.p[i] == '?' || (unsigned char)out->uri.p[i] <= ' ')
            return ERR_SYNTAX;
    return out->uri.n ? OK : ERR_SYNTAX;
}

enum error name_addr_parse(struct name_addr *out, struct view value)
{
    size_t open, close;
    struct view after;

    *out = (struct name_addr){.display = {"", 0}};
    value = view_trim(value);
    if (!header_balanced(value))
        return ERR_SYNTAX;
    open = find_bracket(value);
    if (open == value.n)
        return bare_addr_parse(out, value);
    close = open + view_find(view_from(value, open), '>');
    if (close == value.n)
        return ERR_SYNTAX;
    out->bracketed = true;
    out->display = view_trim((struct view){value.p, open});
    out->uri = (struct view){value.p + open + 1, close - open - 1};
    after = view_trim(view_from(value, close + 1));
    out->params = after;
    if (!display_is_valid(out->display) || (after.n && after.p[0] != ';') || !out->uri.n)
        return ERR_SYNTAX;
    return OK;
}
