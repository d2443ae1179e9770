/* Writing challenges and reading answers. */
#include "auth/challenge.h"

#include "auth/digest.h"
#include "sip/header.h"

static void challenge_one(struct text *out, const struct challenge_policy *policy,
                          struct view nonce, enum digest_algorithm a, bool proxy, bool stale)
{
    text_string(out, proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    text_string(out, ": Digest realm=\"");
    text_view(out, policy->realm);
    text_string(out, "\",nonce=\"");
    text_view(out, nonce);
    text_string(out, policy->qop ? "\",qop=\"auth\",algorithm=" : "\",algorithm=");
    text_string(out, digest_name(a));
    text_string(out, stale ? ",stale=true\r\n" : "\r\n");
}

void challenge_write(struct text *out, const struct challenge_policy *policy, struct view nonce,
                     bool proxy, bool stale)
{
    for (int a = DIGEST_ALGORITHMS - 1; a >= 0; a--)
        if (policy->offered[a])
            challenge_one(out, policy, nonce, (enum digest_algorithm)a, proxy, stale);
}

static bool hex_number(struct view v, uint32_t *out)
{
    uint32_t value = 0;

    if (v.n == 0 || v.n > 8)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i], low = c | 0x20;

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (low >= 'a' && low <= 'f')
            value = value << 4 | (uint32_t)(low - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return value > 0;
}

static bool claim_is_whole(struct claim *claim, struct view algorithm, uint32_t *nc)
{
    *nc = 0;
    if (!digest_parse(algorithm, &claim->algorithm) || !claim->username.n || !claim->nonce.n ||
        !claim->uri.n || !claim->response.n)
        return false;
    if (!claim->qop.n)
        return true;
    return view_ieq(claim->qop, VIEW("auth")) && claim->cnonce.n && hex_number(claim->nc, nc);
}

/* Offset of the quote that closes the text behind an opening one; v.n when none does. */
static size_t quote_end(struct view v)
{
    size_t n = view_find(v, '"');

    while (n < v.n && n > 0 &&
           v.p[n - 1] == '\\') /* an escape: digest fields have none to speak of */
        n += 1 + view_find(view_from(v, n + 1), '"');
    return n < v.n ? n : v.n;
}

/* Takes one auth-param off the list: its name into *name, its value, without quotes, is returned.
 */
static struct view param_next(struct view *rest, struct view *name)
{
    struct view value;
    size_t end;

    *name = view_trim(view_cut(rest, '='));
    *rest = view_trim(*rest);
    if (!rest->n || rest->p[0] != '"')
        return view_trim(view_cut(rest, ','));
    value = view_from(*rest, 1);
    end = quote_end(value);
    *rest = view_from(value, end);
    view_cut(rest, ',');
    return (struct view){value.p, end};
}

/* Cuts the scheme off; false when it is not digest. */
static bool digest_begin(struct view *rest)
{
    if (!view_istarts(*rest, VIEW("Digest")) || rest->n < 7 ||
        (rest->p[6] != ' ' && rest->p[6] != '\t'))
        return false;
    *rest = view_from(*rest, 7);
    return true;
}

enum answer_state answer_parse(struct claim *claim, uint32_t *nc, struct view value,
                               struct view realm)
{
    struct view rest = view_trim(value), algorithm = VIEW(""), none = VIEW("");
    const struct {
        struct view name;
        struct view *to;
    } fields[] = {
        {VIEW("username"), &claim->username}, {VIEW("realm"), &claim->realm},
        {VIEW("nonce"), &claim->nonce},       {VIEW("uri"), &claim->uri},
        {VIEW("response"), &claim->response}, {VIEW("qop"), &claim->qop},
        {VIEW("cnonce"), &claim->cnonce},     {VIEW("nc"), &claim->nc},
        {VIEW("algorithm"), &algorithm},
    };

    *claim = (struct claim){.method = none, .domain = none};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        *fields[i].to = none;
    if (!digest_begin(&rest))
        return ANSWER_FOREIGN;
    while (rest.n) {
        struct view name, param = param_next(&rest, &name);

        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            if (!view_ieq(name, fields[i].name))
                continue;
            *fields[i].to = param;
            break;
        }
    }
    if (!view_eq(claim->realm, realm))
        return ANSWER_FOREIGN;
    return claim_is_whole(claim, algorithm, nc) ? ANSWER_FOR_US : ANSWER_BROKEN;
}

static bool lists_auth(struct view list)
{
    while (list.n)
        if (view_ieq(view_trim(view_cut(&list, ',')), VIEW("auth")))
            return true;
    return false;
}

bool challenge_read(struct challenge *out, struct view value)
{
    struct view rest = view_trim(value), algorithm = VIEW(""), qop = VIEW("");

    *out = (struct challenge){.realm = VIEW(""), .nonce = VIEW(""), .opaque = VIEW("")};
    if (!digest_begin(&rest))
        return false;
    while (rest.n) {
        struct view name, param = param_next(&rest, &name);

        if (view_ieq(name, VIEW("realm")))
            out->realm = param;
        else if (view_ieq(name, VIEW("nonce")))
            out->nonce = param;
        else if (view_ieq(name, VIEW("opaque")))
            out->opaque = param;
        else if (view_ieq(name, VIEW("algorithm")))
            algorithm = param;
        else if (view_ieq(name, VIEW("qop")))
            qop = param;
        else if (view_ieq(name, VIEW("stale")))
            out->stale = view_ieq(param, VIEW("true"));
    }
    out->qop = lists_auth(qop);
    return out->nonce.n && digest_parse(algorithm, &out->algorithm) && (!qop.n || out->qop);
}

static void quoted(struct text *out, const char *name, struct view value)
{
    text_string(out, name);
    text_string(out, "=\"");
    text_view(out, value);
    text_string(out, "\"");
}

void challenge_answer(struct text *out, const char *name, const struct challenge *c,
                      const struct claim *claim, struct view username, struct view response)
{
    text_string(out, name);
    text_string(out, ": Digest ");
    quoted(out, "username", username);
    quoted(out, ", realm", c->realm);
    quoted(out, ", nonce", c->nonce);
    quoted(out, ", uri", claim->uri);
    quoted(out, ", response", response);
    text_string(out, ", algorithm=");
    text_string(out, digest_name(c->algorithm));
    if (c->opaque.n)
        quoted(out, ", opaque", c->opaque);
    if (c->qop) {
        text_string(out, ", qop=auth, nc=");
        text_view(out, claim->nc);
        quoted(out, ", cnonce", claim->cnonce);
    }
    text_string(out, "\r\n");
}
