/* Writing challenges and reading answers. */
#include "auth/challenge.h"

#include "auth/digest.h"
#include "sip/header.h"

static void challenge_one(struct text *out, const struct challenge_policy *policy,
                          struct nonces *nonces, enum digest_algorithm a, bool proxy, bool stale,
                          const uint8_t source[16])
{
    char nonce[NONCE_TEXT];

    nonce_make(nonces, policy->qop, source, nonce);
    text_string(out, proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    text_string(out, ": Digest realm=\"");
    text_view(out, policy->realm);
    text_string(out, "\",nonce=\"");
    text_view(out, (struct view){nonce, sizeof(nonce)});
    text_string(out, policy->qop ? "\",qop=\"auth\",algorithm=" : "\",algorithm=");
    text_string(out, digest_name(a));
    text_string(out, stale ? ",stale=true\r\n" : "\r\n");
}

void challenge_write(struct text *out, const struct challenge_policy *policy, struct nonces *nonces,
                     bool proxy, bool stale, const uint8_t source[16])
{
    for (int a = DIGEST_ALGORITHMS - 1; a >= 0; a--)
        if (policy->offered[a])
            challenge_one(out, policy, nonces, (enum digest_algorithm)a, proxy, stale, source);
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
    if (!view_istarts(rest, VIEW("Digest")) || rest.n < 7 ||
        (rest.p[6] != ' ' && rest.p[6] != '\t'))
        return ANSWER_FOREIGN;
    rest = view_from(rest, 7);
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
