/* Fuzz target: somebody's Authorization, its way to the keeper, and its nonce. */
#include <string.h>

#include "auth/auth.h"
#include "tests/fuzz/fuzz.h"

static struct wheel *wheel;
static struct nonces *nonces;
static struct credential_set credentials;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t key[16] = "sixteen bytes...";

    (void)argc;
    (void)argv;
    clock_make_virtual(1000003, 1800000000);
    return wheel_new(&wheel, clock_ms()) || nonces_new(&nonces, key, 300) ||
           credential_make(&credentials, VIEW("5550141"), VIEW("example.test"), VIEW("anna"),
                           VIEW("example.test"), VIEW("secret41"));
}

static bool same(const struct claim *a, const struct claim *b)
{
    const struct view x[] = {a->username, a->realm,  a->nonce, a->uri,    a->response,
                             a->qop,      a->cnonce, a->nc,    a->method, a->domain};
    const struct view y[] = {b->username, b->realm,  b->nonce, b->uri,    b->response,
                             b->qop,      b->cnonce, b->nc,    b->method, b->domain};

    for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++)
        if (!view_eq(x[i], y[i]))
            return false;
    return a->algorithm == b->algorithm;
}

/* As the keeper does with whatever comes over the channel. */
static void packed_take(struct view bytes)
{
    struct claim c;
    bool bad = false;

    claim_unpack(&c, &bytes, &bad);
    if (!bad)
        (void)claim_verify(&c, &credentials);
}

static void claim_take(struct claim *c, uint32_t nc)
{
    static const uint8_t source[16] = {192, 0, 2, 40};
    struct pack k = {0};
    struct claim back;
    struct view rest;
    bool bad = false;

    c->method = VIEW("REGISTER");
    c->domain = VIEW("example.test");
    claim_pack(&k, c);
    rest = pack_bytes_view(&k);
    claim_unpack(&back, &rest, &bad);
    HOLDS(!bad && rest.n == 0 && same(c, &back));
    pack_free(&k);
    (void)claim_user(c);
    HOLDS(!claim_verify(c, NULL));
    (void)claim_verify(c, &credentials);
    if (nonce_check(nonces, c->nonce, nc, source) != NONCE_GOOD)
        return;
    if (nonce_use(nonces, c->nonce, nc) && nc) /* and never again */
        HOLDS(nonce_check(nonces, c->nonce, nc, source) == NONCE_STALE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    struct claim c;
    uint32_t nc;

    packed_take(bytes);
    if (answer_parse(&c, &nc, bytes, VIEW("example.test")) == ANSWER_FOR_US)
        claim_take(&c, nc);
    return 0;
}
