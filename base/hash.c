/* SipHash with 64 and 128 bits, after the description by Aumasson and Bernstein. */
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline uint64_t load64(const char *p)
{
    uint64_t x;

    memcpy(&x, p, 8);
    return x;
}

static inline void rounds(struct sip_state *s, int n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

/* c rounds a word, d at the end. */
static inline __attribute__((always_inline)) struct sip_state
siphash(const uint8_t key[16], struct view v, bool wide, int c, int d)
{
    uint64_t k0 = load64((const char *)key), k1 = load64((const char *)key + 8);
    struct sip_state s = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                          k1 ^ 0x7465646279746573};
    uint64_t last = (uint64_t)v.n << 56;
    size_t whole = v.n & ~(size_t)7;

    if (wide)
        s.v1 ^= 0xee;
    for (size_t i = whole; i < v.n; i++)
        last |= (uint64_t)(unsigned char)v.p[i] << 8 * (i & 7);
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t m = i < whole ? load64(v.p + i) : last;

        s.v3 ^= m;
        rounds(&s, c);
        s.v0 ^= m;
    }
    s.v2 ^= wide ? 0xee : 0xff;
    rounds(&s, d);
    return s;
}

static uint64_t state_value(const struct sip_state *s)
{
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t hash_keyed64(const uint8_t key[16], struct view v)
{
    struct sip_state s = siphash(key, v, false, 2, 4);

    return state_value(&s);
}

struct hash128 hash_keyed(const uint8_t key[16], struct view v)
{
    struct sip_state s = siphash(key, v, true, 2, 4);
    struct hash128 h = {.a = state_value(&s)};

    s.v1 ^= 0xdd;
    rounds(&s, 4);
    h.b = state_value(&s);
    return h;
}

static const uint8_t *process_key(void)
{
    static uint8_t key[16];
    static bool made;

    if (!made) {
        random_bytes(key, sizeof(key));
        made = true;
    }
    return key;
}

uint64_t hash_view(struct view v)
{
    struct sip_state s = siphash(process_key(), v, false, 1, 3);

    return state_value(&s);
}

struct hash128 hash_wide(struct view v)
{
    struct sip_state s = siphash(process_key(), v, true, 1, 3);
    struct hash128 h = {.a = state_value(&s)};

    s.v1 ^= 0xdd;
    rounds(&s, 3);
    h.b = state_value(&s);
    return h;
}

void random_bytes(void *out, size_t n)
{
    char *p = out;

    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got <= 0) {
            fputs("no random bytes from the kernel\n", stderr);
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}

bool same_bytes(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= x[i] ^ y[i];
    return differ == 0;
}
