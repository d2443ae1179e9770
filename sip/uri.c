/* URIs by libosip2, with what it leaves out. */
#include "sip/uri.h"

#include <osipparser2/osip_parser.h>
#include <stdlib.h>
#include <string.h>

#include "sip/grammar.h"
#include "sip/letter.h"

enum error uri_init(void)
{
    return grammar_init();
}

static enum uri_scheme scheme_of(struct view text)
{
    struct view scheme = {text.p, view_find(text, ':')};

    if (scheme.n == text.n)
        return URI_OTHER;
    if (view_ieq(scheme, VIEW("sip")))
        return URI_SIP;
    if (view_ieq(scheme, VIEW("sips")))
        return URI_SIPS;
    return view_ieq(scheme, VIEW("tel")) ? URI_TEL : URI_OTHER;
}

/* The user part in the received bytes: what stands before the last '@' that can end it, without a
 * password (RFC 3261 19.1.1). */
static void user_find(struct uri *out, struct view text)
{
    struct view rest = view_from(text, view_find(text, ':') + 1);
    size_t at = view_find(rest, '@');

    if (at == rest.n)
        return;
    rest.n = at;
    out->user = (struct view){rest.p, view_find(rest, ':')};
    out->has_user = true;
}

static void tel_split(struct uri *out, struct view text)
{
    struct view rest = view_from(text, view_find(text, ':') + 1);

    out->user = view_trim(view_cut(&rest, ';'));
    out->has_user = out->user.n > 0;
    out->user_phone = true;
}

/* A view of s inside text, where libosip2 took it from. */
static struct view view_inside(struct view text, const char *s)
{
    struct view needle = view_of(s);
    size_t at = view_ifind(text, needle);

    return at < text.n ? (struct view){text.p + at, needle.n} : VIEW_NONE;
}

static bool host_is_valid(struct view host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i], low = c | 0x20;

        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr(".-_:[]%", c))
            return false;
    }
    return host.n > 0;
}

static enum error parts_take(struct uri *out, const osip_uri_t *parsed, struct view text)
{
    struct view behind = out->has_user ? view_from(text, (size_t)(out->user.p - text.p)) : text;
    osip_uri_param_t *param = NULL;
    uint64_t port;

    if (!parsed->host)
        return ERR_SYNTAX;
    if (out->has_user) /* a host that looks like the user must not be found inside it */
        behind = view_from(behind, view_find(behind, '@') + 1);
    else
        behind = view_from(text, view_find(text, ':') + 1);
    out->host = view_inside(behind, parsed->host);
    if (!host_is_valid(out->host))
        return ERR_SYNTAX;
    if (parsed->port) {
        if (!view_number(view_trim(view_of(parsed->port)), 65535, &port) || port == 0)
            return ERR_SYNTAX;
        out->port = (uint16_t)port;
    }
    osip_uri_uparam_get_byname((osip_uri_t *)parsed, "transport", &param);
    if (param && param->gvalue)
        out->transport = view_inside(behind, param->gvalue);
    param = NULL;
    osip_uri_uparam_get_byname((osip_uri_t *)parsed, "user", &param);
    out->user_phone =
        param && param->gvalue && view_ieq(view_trim(view_of(param->gvalue)), VIEW("phone"));
    param = NULL;
    out->has_gr = osip_uri_uparam_get_byname((osip_uri_t *)parsed, "gr", &param) == 0;
    if (param && param->gvalue)
        out->gr = view_inside(behind, param->gvalue);
    param = NULL;
    out->lr = osip_uri_uparam_get_byname((osip_uri_t *)parsed, "lr", &param) == 0;
    out->has_headers = !osip_list_eol(&parsed->url_headers, 0);
    return OK;
}

/* libosip2 knows no blanks inside a URI; the guide's "; user=phone" has some. */
static void blanks_remove(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (*s != ' ' && *s != '\t')
            *to++ = *s;
    *to = 0;
}

/* A fold inside brackets would become a line break in a start line of ours. */
static bool has_control(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (((unsigned char)v.p[i] < ' ' && v.p[i] != '\t') || v.p[i] == 0x7f)
            return true;
    return false;
}

static bool plain_param(struct uri *out, struct view *rest)
{
    struct view name, value = VIEW("");

    *rest = view_from(*rest, 1);
    name = letter_run(rest, LETTER_VALUE);
    if (rest->n && rest->p[0] == '=') {
        *rest = view_from(*rest, 1);
        value = letter_run(rest, LETTER_VALUE);
    }
    if (view_ieq(name, VIEW("transport")))
        out->transport = value;
    else if (view_ieq(name, VIEW("user")))
        out->user_phone = view_ieq(value, VIEW("phone"));
    else if (view_ieq(name, VIEW("lr")))
        out->lr = true;
    else if (view_ieq(name, VIEW("gr"))) {
        out->gr = value;
        out->has_gr = true;
    }
    return name.n > 0;
}

/* The everyday form, sip:user@host:port;name=value without anything special in it, for which
 * libosip2 would say the same at ten times the cost. False: not that form. */
static bool plain_parse(struct uri *out, struct view text)
{
    struct view rest = view_from(text, view_find(text, ':') + 1);
    struct view first = letter_run(&rest, LETTER_USER);
    struct uri u = {.scheme = out->scheme, .user = VIEW("")};
    uint64_t port = 0;

    if (rest.n && rest.p[0] == '@') {
        u.user = first;
        u.has_user = true;
        rest = view_from(rest, 1);
        first = letter_run(&rest, LETTER_HOST);
    }
    u.host = first;
    if (rest.n && rest.p[0] == ':') {
        rest = view_from(rest, 1);
        if (!view_number(letter_run(&rest, LETTER_DIGIT), 65535, &port) || !port)
            return false;
    }
    u.port = (uint16_t)port;
    while (rest.n && rest.p[0] == ';')
        if (!plain_param(&u, &rest))
            return false;
    if (rest.n || !u.host.n || (u.has_user ? !u.user.n : !host_is_valid(u.host)))
        return false;
    *out = u;
    return true;
}

enum error uri_parse(struct uri *out, struct view text)
{
    enum error error = ERR_SYNTAX;
    osip_uri_t *parsed = NULL;
    char *copy;

    *out = (struct uri){.scheme = scheme_of(text), .user = {"", 0}, .host = {"", 0}};
    if (text.n > SIP_VALUE_MAX)
        return ERR_LIMIT;
    if (has_control(text))
        return ERR_SYNTAX;
    if (out->scheme == URI_OTHER)
        return view_find(text, ':') < text.n ? OK : ERR_SYNTAX;
    if (out->scheme == URI_TEL) {
        tel_split(out, text);
        return out->has_user ? OK : ERR_SYNTAX;
    }
    if (plain_parse(out, text))
        return OK;
    user_find(out, text);
    copy = grammar_begin(text);
    if (!copy)
        return ERR_SYNTAX;
    blanks_remove(copy);
    if (osip_uri_init(&parsed) == 0 && osip_uri_parse(parsed, copy) == 0)
        error = parts_take(out, parsed, text);
    if (!grammar_end())
        return ERR_MEMORY;
    return error;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum error uri_user_decode(const struct uri *u, char out[NUMBER_MAX])
{
    struct view v = u->user;
    size_t n = 0;

    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (c == '%') {
            int high = i + 2 < v.n ? hex_value(v.p[i + 1]) : -1;
            int low = i + 2 < v.n ? hex_value(v.p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return ERR_SYNTAX;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == 0)
            return ERR_SYNTAX;
        if (n + 1 >= NUMBER_MAX)
            return ERR_LIMIT;
        out[n++] = c;
    }
    out[n] = 0;
    return n ? OK : ERR_SYNTAX;
}

bool uri_same(struct view a, struct view b)
{
    struct uri x, y;

    if (view_eq(a, b))
        return true;
    if (uri_parse(&x, a) != OK || uri_parse(&y, b) != OK)
        return false;
    return x.scheme == y.scheme && x.scheme != URI_OTHER && x.has_user == y.has_user &&
           view_eq(x.user, y.user) && view_ieq(x.host, y.host) && x.port == y.port &&
           view_ieq(x.transport, y.transport);
}
