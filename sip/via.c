/* Reading a Via value; blanks are allowed round every separator (RFC 3261 25.1). */
#include "sip/via.h"

#include "sip/letter.h"

static struct view skip_blanks(struct view v)
{
    letter_run(&v, LETTER_BLANK);
    return v;
}

static bool take_slash(struct view *v)
{
    *v = skip_blanks(*v);
    if (!v->n || v->p[0] != '/')
        return false;
    *v = skip_blanks(view_from(*v, 1));
    return true;
}

static bool take_sent_by(struct via *out, struct view *v)
{
    uint64_t port;

    if (v->n && v->p[0] == '[') {
        size_t close = view_find(*v, ']');

        if (close == v->n)
            return false;
        out->host = (struct view){v->p, close + 1};
        *v = view_from(*v, close + 1);
    } else {
        out->host = letter_run(v, LETTER_VALUE);
    }
    *v = skip_blanks(*v);
    if (v->n && v->p[0] == ':') {
        *v = skip_blanks(view_from(*v, 1));
        if (!view_number(letter_run(v, LETTER_DIGIT), 65535, &port) || port == 0)
            return false;
        out->port = (uint16_t)port;
        *v = skip_blanks(*v);
    }
    return out->host.n > 0;
}

static bool is_magic(struct view branch)
{
    struct view cookie = VIEW("z9hG4bK");

    return branch.n > cookie.n && view_istarts(branch, cookie);
}

/* False: no name, as between two semicolons. */
static bool take_param(struct via *out, struct view param)
{
    size_t equals = view_find(param, '=');
    struct view name = view_trim((struct view){param.p, equals});
    struct view value = view_trim(view_from(param, equals + 1));

    if (view_ieq(name, VIEW("branch"))) {
        out->branch = value;
        out->magic = is_magic(value);
    } else if (view_ieq(name, VIEW("received"))) {
        out->received = value;
        out->received_at = view_trim(param);
    } else if (view_ieq(name, VIEW("rport")) && value.n == 0) {
        out->rport = true;
        out->rport_at = view_trim(param);
    }
    return name.n > 0;
}

enum error via_parse(struct via *out, struct view value)
{
    struct view v = skip_blanks(value), name, version;

    *out = (struct via){.value = value};
    name = letter_run(&v, LETTER_TOKEN);
    if (!view_ieq(name, VIEW("SIP")) || !take_slash(&v))
        return ERR_SYNTAX;
    version = letter_run(&v, LETTER_TOKEN);
    if (!take_slash(&v))
        return ERR_SYNTAX;
    out->transport = letter_run(&v, LETTER_TOKEN);
    v = skip_blanks(v);
    if (!out->transport.n || !take_sent_by(out, &v))
        return ERR_SYNTAX;
    if (v.n && v.p[0] != ';')
        return ERR_SYNTAX;
    bool valid = view_eq(version, VIEW("2.0")); /* of another version: refused, but answered */

    while (v.n) { /* it begins with a semicolon, and a parameter has to follow */
        struct view param = view_from(v, 1);

        param.n = view_find(param, ';');
        valid &= take_param(out, param);
        v = view_from(v, 1 + param.n);
    }
    return valid ? OK : ERR_SYNTAX;
}

uint16_t via_port(const struct via *v)
{
    if (v->port)
        return v->port;
    return view_ieq(v->transport, VIEW("TLS")) ? 5061 : 5060;
}
