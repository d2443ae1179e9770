/* Nonces, the windows of their counts (RFC 7616 3.3, 3.4), and what came of them. */
#include "auth/nonce.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH 1700000000 /* so that seconds fit into 31 bits for a long time */
#define SEATS                                                                                      \
    (1u << 18) /* the nonces made last; 48 bytes each, pages that are not used cost nothing */
#define INHERITED   (4u << 20) /* bytes of inherited ones a generation: some 40 000 */
#define WINDOW_BITS 64

/* What the text encodes. */
struct nonce {
    uint32_t born; /* seconds since EPOCH, shifted left; lowest bit: with qop */
    uint32_t salt; /* tells those of one second apart; the MAC is what nobody can guess */
    uint8_t mac[8];
};

/* What is known of one nonce. */
struct seat {
    uint32_t born, salt; /* whose it is */
    uint64_t seen;       /* the counts: `top` and, bit i, top - i */
    uint32_t top;        /* 0: none was used */
    struct nonce_outcome outcome;
};

/* The seat of a nonce that was made before we were started. */
struct inherited {
    struct table_node node;
    struct nonce nonce;
    struct seat seat;
};

/* Nonces are used soon after they were made, and in that order: in a ring their seats are still in
 * the processor's cache. */
struct nonces {
    struct seat *ring;
    struct aging *inherited;
    unsigned lifetime;
    uint32_t first; /* salt of our first nonce; each further one has the next number */
    uint64_t made;  /* nonces */
    uint32_t since; /* inherited ones with qop born before are stale */
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
    if (!n || !(n->ring = calloc(SEATS, sizeof(*n->ring))) ||
        aging_new(&n->inherited, (lifetime + 1) * 1000ull, INHERITED) != OK) {
        nonces_free(n);
        *out = NULL;
        return ERR_MEMORY;
    }
    n->lifetime = lifetime;
    random_bytes(&n->first, sizeof(n->first));
    memcpy(n->key, key, sizeof(n->key));
    return OK;
}

void nonces_free(struct nonces *n)
{
    if (!n)
        return;
    aging_free(n->inherited);
    free(n->ring);
    free(n);
}

void nonces_set_lifetime(struct nonces *n, unsigned lifetime)
{
    struct aging *inherited;

    if (lifetime == n->lifetime || aging_new(&inherited, (lifetime + 1) * 1000ull, INHERITED) != OK)
        return;
    aging_free(n->inherited);
    n->inherited = inherited;
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
    struct nonce x = {.born = second_now() << 1 | qop, .salt = n->first + (uint32_t)n->made++};
    struct text t = {.p = out, .size = NONCE_TEXT};

    n->ring[x.salt % SEATS] = (struct seat){.born = x.born, .salt = x.salt};
    mac_make(n, &x, source, x.mac);
    text_hex(&t, &x, sizeof(x));
}

/* NONCE_STALE: one with qop that was made for another address. */
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

static uint64_t nonce_hash(const struct nonce *x)
{
    return hash_view((struct view){(const char *)x, sizeof(*x)});
}

static bool inherited_matches(const struct table_node *node, const void *key)
{
    return memcmp(&((const struct inherited *)(const void *)node)->nonce, key,
                  sizeof(struct nonce)) == 0;
}

/* Did this process make it? By chance the salt of an inherited one may fall into our range: it is
 * not found then, and challenged again. */
static bool is_own(const struct nonces *n, const struct nonce *x)
{
    return n->made > UINT32_MAX || x->salt - n->first < (uint32_t)n->made;
}

/* Nothing is known of a nonce from before its birth, so only younger entries are searched; 2 s more
 * because two clocks round differently. */
static struct seat *seat_find(const struct nonces *n, const struct nonce *x)
{
    uint32_t age = second_now() - (x->born >> 1) + 2;
    struct seat *own = &n->ring[x->salt % SEATS];
    struct inherited *i;

    if (own->salt == x->salt && own->born == x->born)
        return own;
    i = (void *)aging_find_young(n->inherited, nonce_hash(x), inherited_matches, x, age * 1000ull);
    return i ? &i->seat : NULL;
}

/* Also a seat for one that was inherited. NULL: too many were made since, or no memory. */
static struct seat *seat_take(struct nonces *n, const struct nonce *x)
{
    struct seat *seat = seat_find(n, x);
    struct inherited *i;

    if (seat || is_own(n, x) || !(i = aging_put(n->inherited, nonce_hash(x), sizeof(*i))))
        return seat;
    i->nonce = *x;
    return &i->seat;
}

static bool window_allows(const struct seat *s, uint32_t nc)
{
    if (nc > s->top)
        return true;
    return s->top - nc < WINDOW_BITS && !(s->seen >> (s->top - nc) & 1);
}

/* Is it too late for this count? An inherited one is not known to have been used. */
static bool count_is_stale(const struct nonces *n, const struct nonce *x, uint32_t nc)
{
    const struct seat *s = seat_find(n, x);

    if (s)
        return !window_allows(s, nc);
    return is_own(n, x) || x->born >> 1 < n->since;
}

enum nonce_state nonce_check(struct nonces *n, struct view nonce, uint32_t nc,
                             const uint8_t source[16])
{
    enum nonce_state state;
    struct nonce x;
    int64_t age;

    state = nonce_read(n, nonce, source, &x);
    if (state != NONCE_GOOD)
        return state;
    age = clock_wall() - EPOCH - (int64_t)(x.born >> 1);
    if (age < 0 || age > (int64_t)n->lifetime || !(x.born & 1) != !nc)
        return NONCE_STALE;
    return nc && count_is_stale(n, &x, nc) ? NONCE_STALE : NONCE_GOOD;
}

bool nonce_use(struct nonces *n, struct view nonce, uint32_t nc)
{
    struct nonce x;
    struct seat *s;

    if (!nc)
        return true;
    if (!hex_take(nonce, &x, sizeof(x)) || !(s = seat_take(n, &x)) || !window_allows(s, nc))
        return false;
    if (!s->top && nc > 1 && !is_own(n, &x)) { /* before our restart all lower ones were used */
        s->seen = UINT64_MAX;
        s->top = nc;
    } else if (nc > s->top) {
        uint32_t step = nc - s->top;

        s->seen = step < WINDOW_BITS ? s->seen << step : 0;
        s->top = nc;
    }
    s->seen |= 1ull << (s->top - nc);
    return true;
}

void nonce_keep(struct nonces *n, struct view nonce, const struct nonce_outcome *outcome)
{
    struct nonce x;
    struct seat *s;

    if (hex_take(nonce, &x, sizeof(x)) && (s = seat_take(n, &x)))
        s->outcome = *outcome;
}

bool nonce_kept(const struct nonces *n, struct view nonce, uint64_t mark, struct nonce_outcome *out)
{
    const struct seat *s = NULL;
    struct nonce x;

    if (nonce.n == NONCE_TEXT && hex_take(nonce, &x, sizeof(x)))
        s = seat_find(n, &x);
    if (!s || !s->outcome.mark || s->outcome.mark != mark)
        return false;
    *out = s->outcome;
    return true;
}
