/* Bans in a table by network; which prefixes are in use is counted, so that an address is looked up
 * under those alone. */
#include "auth/ban.h"

#include <stdlib.h>

#define PREFIXES 129

struct bans {
    struct table table;
    uint64_t first_end;           /* ms: nothing ends before */
    uint32_t in_use[2][PREFIXES]; /* bans of IPv4, of IPv6 */
    uint8_t lengths[2][PREFIXES]; /* those in use */
    unsigned length_count[2];
};

enum error bans_new(struct bans **out)
{
    struct bans *b = calloc(1, sizeof(*b));

    *out = b;
    if (!b || table_init(&b->table) != OK) {
        free(b);
        *out = NULL;
        return ERR_MEMORY;
    }
    b->first_end = UINT64_MAX;
    return OK;
}

static void lengths_list(struct bans *b, int six)
{
    b->length_count[six] = 0;
    for (unsigned i = 0; i < PREFIXES; i++)
        if (b->in_use[six][i])
            b->lengths[six][b->length_count[six]++] = (uint8_t)i;
}

/* One ban more or less of this prefix. */
static void length_count(struct bans *b, const struct network *n, int step)
{
    int six = n->family == 6;
    uint32_t *count = &b->in_use[six][n->prefix];
    bool was = *count;

    *count += (uint32_t)step;
    if (was != !!*count)
        lengths_list(b, six);
}

static void ban_free(struct bans *b, struct ban *ban)
{
    length_count(b, &ban->network, -1);
    table_take(&b->table, &ban->node);
    free(ban);
}

static void free_one(struct table_node *node, void *arg)
{
    ban_free(arg, (struct ban *)(void *)node);
}

void bans_clear(struct bans *b)
{
    table_each(&b->table, free_one, b);
    b->first_end = UINT64_MAX;
}

void bans_free(struct bans *b)
{
    if (!b)
        return;
    bans_clear(b);
    table_free(&b->table);
    free(b);
}

static bool ban_matches(const struct table_node *node, const void *key)
{
    return network_same(&((const struct ban *)(const void *)node)->network, key);
}

static struct ban *ban_find(const struct bans *b, const struct network *n)
{
    return (void *)table_find(&b->table, network_hash(n), ban_matches, n);
}

static void end_one(struct table_node *node, void *arg)
{
    struct ban *ban = (struct ban *)(void *)node;
    struct bans *b = arg;
    char text[NETWORK_TEXT_MAX];

    if (ban->end <= clock_ms()) {
        log_info("the ban of %s is over", network_text(&ban->network, text));
        ban_free(b, ban);
    } else if (ban->end < b->first_end) {
        b->first_end = ban->end;
    }
}

/* Ends what is over. */
static void bans_sweep(struct bans *b)
{
    if (clock_ms() < b->first_end)
        return;
    b->first_end = UINT64_MAX;
    table_each(&b->table, end_one, b);
}

void bans_drop(struct bans *b, const struct network *n)
{
    struct ban *ban = ban_find(b, n);

    if (ban)
        ban_free(b, ban);
}

static struct ban *ban_new(struct bans *b, const struct network *n)
{
    struct ban *ban = calloc(1, sizeof(*ban));

    if (!ban)
        return NULL;
    ban->network = *n;
    table_put(&b->table, &ban->node, network_hash(n));
    length_count(b, n, 1);
    return ban;
}

enum error bans_put(struct bans *b, const struct network *n, int64_t until, uint32_t users,
                    struct view reason, struct ban **out)
{
    int64_t left = until * 1000 - clock_wall_ms();
    struct ban *ban = ban_find(b, n);

    if (out)
        *out = NULL;
    if (left <= 0) {
        bans_drop(b, n);
        return OK;
    }
    if (!ban && b->table.count >= BANS_MAX)
        return ERR_LIMIT;
    if (!ban && !(ban = ban_new(b, n)))
        return ERR_MEMORY;
    reason.n = reason.n < sizeof(ban->reason) ? reason.n : sizeof(ban->reason) - 1;
    (void)view_copy(reason, ban->reason, sizeof(ban->reason));
    ban->until = until;
    ban->users = users;
    ban->told = false;
    ban->end = clock_ms() + (uint64_t)left;
    if (ban->end < b->first_end)
        b->first_end = ban->end;
    if (out)
        *out = ban;
    return OK;
}

bool bans_hold(struct bans *b, uint8_t family, const uint8_t address[16])
{
    int six = family == 6;

    bans_sweep(b);
    for (unsigned i = 0; i < b->length_count[six]; i++) {
        struct network n = network_of(family, address, b->lengths[six][i]);

        if (ban_find(b, &n))
            return true;
    }
    return false;
}

size_t bans_count(const struct bans *b)
{
    return b->table.count;
}

struct visit {
    void (*each)(void *arg, struct ban *ban);
    void *arg;
};

static void visit_one(struct table_node *node, void *arg)
{
    const struct visit *v = arg;

    v->each(v->arg, (struct ban *)(void *)node);
}

void bans_each(struct bans *b, void (*each)(void *arg, struct ban *ban), void *arg)
{
    struct visit visit = {each, arg};

    table_each(&b->table, visit_one, &visit);
}
