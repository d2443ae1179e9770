/* Two tables that age: sources, and pairs of a source and what it was after. */
#include "auth/guard.h"

#include <stdlib.h>

#include "auth/rate.h"

#define HOUR          (3600 * 1000ull)
#define SOURCES       (16u << 20) /* bytes a generation: some 150 000 */
#define PAIRS         (8u << 20)  /* some 100 000 */
#define DELAYS        5           /* 1, 2, 4, 8, 16 s */
#define REFUSED_FOR   (60 * 1000) /* ms, from the failure after those on */
#define DELAY_MAX     (16 * 1000)
#define REFUSALS      1000 /* ms from one cheap refusal to the next */
#define JUDGING_FOR   3000 /* ms for which an answer may be under way */
#define TOGETHER      3    /* answers of a pair under way at a time; after a failure one */
#define TOGETHER_NEAR 10   /* from the address of a binding */
#define FLIGHTS       8192
#define PROVEN_GIVES  2 /* the request, and the one that was challenged before it */

/* A source has this budget of requests that prove nothing, and more for each phone behind it. */
#define RATE_ALONE     50
#define RATE_A_PHONE   2
#define BURST_ALONE    1000
#define BURST_A_PHONE  20
#define PHONES_COUNTED 100000

static const struct rate near = {1, 10}; /* from the address of a binding */
static const struct rate spray = {1, 5}; /* of a source that many users failed from */

struct source {
    struct table_node node;
    struct network network;
    uint64_t began;             /* ms: since when users and probes are counted */
    uint32_t window;            /* number of that count; 0: none yet */
    uint32_t users, probes;     /* distinct */
    size_t phones;              /* registered from there at `looked` */
    uint64_t looked, succeeded; /* ms; 0: never */
    struct bucket requests, calls, sprayed;
};

struct pair {
    struct table_node node;
    struct network network;
    uint32_t window; /* in which it was counted; 0: never */
    uint64_t key;
    uint64_t until, refused; /* ms: delayed until; last refusal */
    uint64_t succeeded;      /* ms; 0: never, or not worth remembering */
    struct bucket near;
    uint32_t failures;
};

/* Answers of a pair that are being judged. Places are shared by chance: the last one counts. */
struct flight {
    uint64_t key, until; /* ms */
    unsigned count;
};

struct guard {
    struct aging *sources, *pairs;
    struct flight flights[FLIGHTS];
    struct bucket rest; /* of all sources for whom there is no place */
    struct network *trusted;
    size_t trusted_count;
    unsigned users;
};

enum error guard_new(struct guard **out)
{
    struct guard *g = calloc(1, sizeof(*g));

    *out = g;
    if (!g || aging_new(&g->sources, HOUR, SOURCES) != OK ||
        aging_new(&g->pairs, HOUR, PAIRS) != OK) {
        guard_free(g);
        *out = NULL;
        return ERR_MEMORY;
    }
    return OK;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    aging_free(g->sources);
    aging_free(g->pairs);
    free(g->trusted);
    free(g);
}

void guard_configure(struct guard *g, unsigned users)
{
    g->users = users;
}

enum error guard_trust(struct guard *g, const struct network *networks, size_t count)
{
    struct network *copy = calloc(count + 1, sizeof(*copy));

    if (!copy)
        return ERR_MEMORY;
    if (count)
        memcpy(copy, networks, count * sizeof(*copy));
    free(g->trusted);
    g->trusted = copy;
    g->trusted_count = count;
    return OK;
}

bool guard_trusts(const struct guard *g, const struct network *source)
{
    for (size_t i = 0; i < g->trusted_count; i++)
        if (network_holds(&g->trusted[i], source))
            return true;
    return false;
}

uint64_t guard_key(struct view name, struct view domain)
{
    return hash_view(name) ^ hash_view(domain) * 3;
}

static bool source_matches(const struct table_node *node, const void *key)
{
    return network_same(&((const struct source *)(const void *)node)->network, key);
}

static bool pair_matches(const struct table_node *node, const void *key)
{
    const struct pair *have = (const void *)node, *want = key;

    return have->key == want->key && network_same(&have->network, &want->network);
}

/* The living entry, moved into the young generation: who stays busy does not die of age. */
static void *entry_find(struct aging *a, uint64_t hash, table_match *match, const void *key,
                        size_t size)
{
    struct table_node *entry = aging_find_young(a, hash, match, key, 0), *young;

    if (entry || !(entry = aging_find(a, hash, match, key)) || !(young = aging_put(a, hash, size)))
        return entry;
    memcpy(young + 1, entry + 1, size - sizeof(*entry));
    return young;
}

static struct source *source_find(struct guard *g, const struct network *n)
{
    if (!aging_count(g->sources))
        return NULL;
    return entry_find(g->sources, network_hash(n), source_matches, n, sizeof(struct source));
}

/* Found or made; NULL: no place. */
static struct source *source_get(struct guard *g, const struct network *n)
{
    struct source *s = source_find(g, n);

    if (s || !(s = aging_put(g->sources, network_hash(n), sizeof(*s))))
        return s;
    s->network = *n;
    return s;
}

static uint64_t pair_hash(const struct network *n, uint64_t key)
{
    return network_hash(n) ^ key;
}

static struct pair *pair_find(struct guard *g, const struct network *n, uint64_t key)
{
    struct pair want = {.network = *n, .key = key};

    if (!aging_count(g->pairs))
        return NULL;
    return entry_find(g->pairs, pair_hash(n, key), pair_matches, &want, sizeof(want));
}

static struct pair *pair_get(struct guard *g, const struct network *n, uint64_t key)
{
    struct pair *p = pair_find(g, n, key);

    if (p || !(p = aging_put(g->pairs, pair_hash(n, key), sizeof(*p))))
        return p;
    p->network = *n;
    p->key = key;
    return p;
}

static bool is_counting(const struct source *s)
{
    return s->window && clock_ms() - s->began < HOUR;
}

static void count_begin(struct source *s)
{
    s->began = clock_ms();
    s->window++;
    s->users = s->probes = 0;
}

/* Counts p, once an hour. */
static void pair_count(struct source *s, struct pair *p, uint32_t *count)
{
    if (!is_counting(s))
        count_begin(s);
    if (p->window == s->window)
        return;
    p->window = s->window;
    ++*count;
}

static bool is_sprayer(const struct guard *g, const struct source *s)
{
    return s && g->users && is_counting(s) && s->users >= g->users;
}

/* Lets an answer of this pair be judged unless `most` are under way. */
static enum guard_word flight_begin(struct guard *g, uint64_t key, unsigned most)
{
    struct flight *f = &g->flights[key % FLIGHTS];

    if (f->key != key || clock_ms() >= f->until)
        *f = (struct flight){.key = key};
    if (f->count >= most)
        return GUARD_DROP;
    f->count++;
    f->until = clock_ms() + JUDGING_FOR;
    return GUARD_JUDGE;
}

static void flight_end(struct guard *g, uint64_t key)
{
    struct flight *f = &g->flights[key % FLIGHTS];

    if (f->key == key && f->count)
        f->count--;
}

static enum guard_word pair_ask(struct guard *g, struct pair *p, uint64_t key, unsigned *wait)
{
    uint64_t now = clock_ms();

    if (now >= p->until)
        return flight_begin(g, key, p->failures ? 1 : TOGETHER);
    if (p->refused && now - p->refused < REFUSALS)
        return GUARD_DROP;
    p->refused = now;
    *wait = (unsigned)((p->until - now + 999) / 1000);
    return GUARD_REFUSE;
}

/* From the address of a binding: phones share it, and perhaps a neighbour who guesses. */
static enum guard_word near_ask(struct guard *g, struct pair *p, uint64_t key)
{
    if (p && p->failures && !bucket_take(&p->near, near, 0))
        return GUARD_DROP;
    return flight_begin(g, key, TOGETHER_NEAR);
}

enum guard_word guard_ask(struct guard *g, const struct network *source, uint64_t user,
                          enum guard_bond (*bond)(void *arg), void *arg, unsigned *wait)
{
    uint64_t key = pair_hash(source, user);
    struct pair *p = pair_find(g, source, user);
    struct source *s = source_find(g, source);
    bool sprayer = is_sprayer(g, s);
    enum guard_bond joined;

    if (!p && !sprayer && flight_begin(g, key, TOGETHER) == GUARD_JUDGE)
        return GUARD_JUDGE;
    joined = bond(arg);
    if (joined == BOND_FLOW)
        return GUARD_JUDGE;
    if (joined == BOND_ADDRESS || (p && p->succeeded))
        return near_ask(g, p, key);
    if (sprayer && !bucket_take(&s->sprayed, spray, 0))
        return GUARD_DROP;
    return p ? pair_ask(g, p, key, wait) : flight_begin(g, key, TOGETHER);
}

/* Ms from this failure to the next answer that is judged. */
static unsigned delay_after(unsigned failures)
{
    return failures <= DELAYS ? 1000u << (failures - 1) : REFUSED_FOR;
}

static bool earns_ban(const struct guard *g, const struct source *s, size_t known)
{
    return is_sprayer(g, s) && !known && (!s->succeeded || clock_ms() - s->succeeded > HOUR);
}

struct guard_failure guard_failed(struct guard *g, const struct network *source, uint64_t user,
                                  size_t known)
{
    struct guard_failure out = {.delay = 1000};
    struct source *s = source_get(g, source);
    struct pair *p = pair_get(g, source, user);
    unsigned delay;

    flight_end(g, pair_hash(source, user));
    if (p) {
        delay = delay_after(++p->failures);
        p->until = clock_ms() + delay;
        out.delay = delay < DELAY_MAX ? delay : DELAY_MAX;
    }
    if (s && p)
        pair_count(s, p, &s->users);
    if (s) {
        out.users = s->users;
        out.ban = earns_ban(g, s, known);
    }
    if (out.ban) /* after it all count anew */
        count_begin(s);
    return out;
}

void guard_succeeded(struct guard *g, const struct network *source, uint64_t user, bool remember)
{
    struct source *s = source_get(g, source);
    struct pair *p = remember ? pair_get(g, source, user) : pair_find(g, source, user);

    flight_end(g, pair_hash(source, user));
    if (s) {
        s->succeeded = clock_ms();
        bucket_give(&s->requests, PROVEN_GIVES);
    }
    if (!p)
        return;
    p->failures = 0;
    p->until = p->refused = 0;
    p->succeeded = remember ? clock_ms() : 0;
}

static struct rate rate_for(size_t phones)
{
    unsigned n = (unsigned)(phones < PHONES_COUNTED ? phones : PHONES_COUNTED);

    return (struct rate){RATE_ALONE + RATE_A_PHONE * n, BURST_ALONE + BURST_A_PHONE * n};
}

/* Looked up once a second. */
static size_t phones_of(struct source *s, guard_known *known, void *arg)
{
    if (!s->looked || clock_ms() - s->looked >= 1000) {
        s->phones = known(arg);
        s->looked = clock_ms();
    }
    return s->phones;
}

bool guard_admit(struct guard *g, const struct network *source, bool claims, guard_known *known,
                 void *arg)
{
    struct source *s = source_get(g, source);
    struct rate rate = rate_for(s ? phones_of(s, known, arg) : 0);
    unsigned reserve = claims ? 0 : rate.burst / 4;

    if (s)
        return bucket_take(&s->requests, rate, reserve);
    return bucket_take(&g->rest, rate, reserve) || known(arg) > 0;
}

bool guard_admit_phone(struct guard *g, const struct network *source)
{
    struct source *s = source_find(g, source);

    return s && bucket_take(&s->calls, rate_for(s->phones), 0);
}

void guard_probed(struct guard *g, const struct network *source, uint64_t number)
{
    struct source *s = source_get(g, source);
    struct pair *p = pair_get(g, source, ~number);

    if (s && p)
        pair_count(s, p, &s->probes);
}

bool guard_probes(struct guard *g, const struct network *source)
{
    const struct source *s = source_find(g, source);

    return s && is_counting(s) && s->probes >= GUARD_PROBES;
}
