/* Checking a claim against the stored hashes (RFC 7616 3.4.1). */
#include "auth/claim.h"

#include <string.h>

#include "auth/digest.h"

static bool is_uri(struct view name)
{
    return view_istarts(name, VIEW("sip:")) && view_find(name, '@') < name.n;
}

struct view claim_user(const struct claim *c)
{
    struct view name = c->username;

    if (!is_uri(name))
        return name;
    name = view_from(name, 4);
    name.n = view_find(name, '@');
    return name;
}

static struct view hex_of(const uint8_t *bytes, size_t n, char out[2 * DIGEST_SIZE_MAX])
{
    struct text t = {.p = out, .size = 2 * DIGEST_SIZE_MAX};

    text_hex(&t, bytes, n);
    return text_done(&t);
}

/* The response of RFC 7616 3.4.1 in hex; empty when OpenSSL refuses. */
static struct view response_of(const struct claim *c, const uint8_t *ha1,
                               char out[2 * DIGEST_SIZE_MAX])
{
    char ha1_hex[2 * DIGEST_SIZE_MAX], ha2_hex[2 * DIGEST_SIZE_MAX];
    uint8_t hash[DIGEST_SIZE_MAX];
    size_t size = digest_size(c->algorithm);
    struct view ha1_text = hex_of(ha1, size, ha1_hex), ha2_text;

    if (digest_join(c->algorithm, (struct view[]){c->method, c->uri}, 2, hash) != OK)
        return VIEW_NONE;
    ha2_text = hex_of(hash, size, ha2_hex);
    struct view with_qop[] = {ha1_text, c->nonce, c->nc, c->cnonce, c->qop, ha2_text};
    struct view without[] = {ha1_text, c->nonce, ha2_text};

    if (digest_join(c->algorithm, c->qop.n ? with_qop : without, c->qop.n ? 6 : 3, hash) != OK)
        return VIEW_NONE;
    return hex_of(hash, size, out);
}

static bool response_matches(const struct claim *c, const uint8_t *ha1)
{
    char given[2 * DIGEST_SIZE_MAX], want_hex[2 * DIGEST_SIZE_MAX];
    struct view want = response_of(c, ha1, want_hex);

    if (!want.n || c->response.n != want.n)
        return false;
    for (size_t i = 0; i < want.n; i++) { /* hex digits in either case */
        char x = c->response.p[i];

        given[i] = x >= 'A' && x <= 'F' ? (char)(x | 0x20) : x;
    }
    return same_bytes(given, want.p, want.n);
}

enum error claim_respond(char out[CLAIM_RESPONSE], const struct claim *c, struct view password)
{
    uint8_t ha1[DIGEST_SIZE_MAX];
    struct view parts[] = {c->username, c->realm, password}, response;

    if (digest_join(c->algorithm, parts, 3, ha1) != OK)
        return ERR_SYSTEM;
    response = response_of(c, ha1, out);
    explicit_bzero(ha1, sizeof(ha1));
    out[response.n] = 0;
    return response.n ? OK : ERR_SYSTEM;
}

/* The forms that the username can stand for, the likeliest first; ends with CREDENTIAL_FORMS. */
static const int *forms_of(const struct claim *c, const struct credential_set *set)
{
    static const int uri_md5[] = {CREDENTIAL_URI, CREDENTIAL_URI_PORT, CREDENTIAL_NUMBER,
                                  CREDENTIAL_AUTH_NAME, CREDENTIAL_FORMS};
    static const int uri_other[] = {CREDENTIAL_NUMBER, CREDENTIAL_AUTH_NAME, CREDENTIAL_FORMS};
    static const int auth_name[] = {CREDENTIAL_AUTH_NAME, CREDENTIAL_FORMS};
    static const int number[] = {CREDENTIAL_NUMBER, CREDENTIAL_FORMS};

    if (is_uri(c->username))
        return c->algorithm == DIGEST_MD5 ? uri_md5 : uri_other;
    return set->auth_name.n && view_eq(set->auth_name, c->username) ? auth_name : number;
}

bool claim_verify(const struct claim *c, const struct credential_set *set)
{
    static const struct credential_set nobody;
    bool proven = false;

    for (const int *form = forms_of(c, set ? set : &nobody); *form != CREDENTIAL_FORMS; form++)
        proven |= response_matches(c, (set ? set : &nobody)->ha1[*form][c->algorithm]);
    return proven && set && view_eq(c->realm, set->realm);
}

void claim_pack(struct pack *k, const struct claim *c)
{
    pack_u8(k, (uint8_t)c->algorithm);
    const struct view fields[] = {c->username, c->realm,  c->nonce, c->uri,    c->response,
                                  c->qop,      c->cnonce, c->nc,    c->method, c->domain};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        pack_view(k, fields[i]);
}

void claim_unpack(struct claim *c, struct view *from, bool *bad)
{
    struct view *fields[] = {&c->username, &c->realm,  &c->nonce, &c->uri,    &c->response,
                             &c->qop,      &c->cnonce, &c->nc,    &c->method, &c->domain};
    uint8_t algorithm = unpack_u8(from, bad);

    if (algorithm >= DIGEST_ALGORITHMS) {
        algorithm = DIGEST_MD5;
        *bad = true;
    }
    c->algorithm = (enum digest_algorithm)algorithm;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        *fields[i] = unpack_view(from, bad);
}
