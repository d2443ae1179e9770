/* Nonces and the windows of their counts (RFC 7616 3.3, 3.4). */
#include "auth/nonce.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH       1700000000  /* so that seconds fit into 31 bits for a long time */
#define WINDOWS     (10u << 20) /* bytes of windows a generation: some 200 000 */
#define WINDOW_BITS 64

/* What the text encodes. */
struct nonce {
    uint32_t born; /* seconds since EPOCH, shifted left; lowest bit: with qop */
    uint32_t salt; /* tells those of one second apart; the MAC is what nobody can guess */
    uint8_t mac[8];
};

/* The counts seen of one nonce: `top` and, bit i, top - i. */
struct window {
    struct table_node node;
    struct nonce nonce;
    uint64_t seen;
    uint32_t top;
};

struct nonces {
    struct aging *windows;
    unsigned lifetime;
    uint32_t salt;  /* of the next nonce */
    uint32_t since; /* those with qop born before are stale */
    uint8_t key[16];
};

static uint32_t second_now(void)
{
    return (uint32_t)(clock_wall() - EPOCH);
}

enum error nonces_new(struct nonces **out, const uint8_t key[16], unsigned lifetime)
{
    struct nonces *n = calloc(1, sizeof(*n));

    *out = n;
    if (!n || aging_new(&n->windows, (lifetime + 1) * 1000ull, WINDOWS) != OK) {
        free(n);
        *out = NULL;
        return ERR_MEMORY;
    }
    n->lifetime = lifetime;
    random_bytes(&n->salt, sizeof(n->salt));
    memcpy(n->key, key, sizeof(n->key));
    return OK;
}

void nonces_free(struct nonces *n)
{
    if (!n)
        return;
    aging_free(n->windows);
    free(n);
}

void nonces_set_lifetime(struct nonces *n, unsigned lifetime)
{
    struct aging *windows;

    if (lifetime == n->lifetime || aging_new(&windows, (lifetime + 1) * 1000ull, WINDOWS) != OK)
        return;
    aging_free(n->windows);
    n->windows = windows;
    n->lifetime = lifetime;
    n->since = second_now() + 1; /* their windows are gone */
}

static uint64_t mac_half(const struct nonces *n, const struct nonce *x, const uint8_t *source)
{
    uint8_t bytes[24] = {0};

    memcpy(bytes, &x->born, 4);
    memcpy(bytes + 4, &x->salt, 4);
    if (source)
        memcpy(bytes + 8, source, 16);
    return hash_keyed(n->key, (struct view){(char *)bytes, sizeof(bytes)}).a;
}

/* The last half of one with qop tells it again wherever it comes from. */
static void mac_make(const struct nonces *n, const struct nonce *x, const uint8_t source[16],
                     uint8_t out[8])
{
    uint64_t bound = mac_half(n, x, source), known;

    memcpy(out, &bound, 8);
    if (!(x->born & 1))
        return;
    known = mac_half(n, x, NULL);
    memcpy(out + 4, &known, 4);
}

void nonce_make(struct nonces *n, bool qop, const uint8_t source[16], char out[NONCE_TEXT])
{
    struct nonce x = {.born = second_now() << 1 | qop, .salt = n->salt++};
    struct text t = {.p = out, .size = NONCE_TEXT};

    mac_make(n, &x, source, x.mac);
    text_hex(&t, &x, sizeof(x));
}

/* NONCE_STALE: it was made for another address. */
static enum nonce_state nonce_read(const struct nonces *n, struct view text, const uint8_t *source,
                                   struct nonce *out)
{
    uint8_t mac[8];

    if (text.n != NONCE_TEXT || !hex_take(text, out, sizeof(*out)))
        return NONCE_FOREIGN;
    mac_make(n, out, source, mac);
    if (same_bytes(mac, out->mac, sizeof(mac)))
        return NONCE_GOOD;
    return out->born & 1 && same_bytes(mac + 4, out->mac + 4, 4) ? NONCE_STALE : NONCE_FOREIGN;
}

static uint64_t window_hash(const struct nonce *x)
{
    return hash_view((struct view){(const char *)x, sizeof(*x)});
}

static bool window_matches(const struct table_node *node, const void *key)
{
    return memcmp(&((const struct window *)(const void *)node)->nonce, key, sizeof(struct nonce)) ==
           0;
}

/* A nonce was not used before it was born; two seconds for clocks that cut differently. */
static struct window *window_find(const struct nonces *n, const struct nonce *x)
{
    uint32_t age = second_now() - (x->born >> 1) + 2;

    return (void *)aging_find_young(n->windows, window_hash(x), window_matches, x, age * 1000ull);
}

static bool window_allows(const struct window *w, uint32_t nc)
{
    if (nc > w->top)
        return true;
    return w->top - nc < WINDOW_BITS && !(w->seen >> (w->top - nc) & 1);
}

enum nonce_state nonce_check(struct nonces *n, struct view nonce, uint32_t nc,
                             const uint8_t source[16])
{
    enum nonce_state state;
    struct nonce x;
    struct window *w;
    int64_t age;

    state = nonce_read(n, nonce, source, &x);
    if (state != NONCE_GOOD)
        return state;
    age = clock_wall() - EPOCH - (int64_t)(x.born >> 1);
    if (age < 0 || age > (int64_t)n->lifetime || !(x.born & 1) != !nc)
        return NONCE_STALE;
    if (nc && x.born >> 1 < n->since) /* its counts are not known any more */
        return NONCE_STALE;
    w = nc ? window_find(n, &x) : NULL;
    return w && !window_allows(w, nc) ? NONCE_STALE : NONCE_GOOD;
}

/* A nonce first seen with a high count (after our restart) has used up all lower ones. */
static void window_open(struct nonces *n, const struct nonce *x, uint32_t nc)
{
    struct window *w = aging_put(n->windows, window_hash(x), sizeof(*w));

    if (!w)
        return;
    w->nonce = *x;
    w->top = nc;
    w->seen = nc == 1 ? 1 : UINT64_MAX;
}

bool nonce_use(struct nonces *n, struct view nonce, uint32_t nc)
{
    struct nonce x;
    struct window *w;

    if (!nc)
        return true;
    if (!hex_take(nonce, &x, sizeof(x)))
        return false;
    w = window_find(n, &x);
    if (!w) {
        window_open(n, &x, nc);
        return true;
    }
    if (!window_allows(w, nc))
        return false;
    if (nc > w->top) {
        uint32_t step = nc - w->top;

        w->seen = step < WINDOW_BITS ? w->seen << step : 0;
        w->top = nc;
    }
    w->seen |= 1ull << (w->top - nc);
    return true;
}
