/* The marks of answered REGISTERs, by age. */
#include "server/answered.h"

#define SPAN        (64 * TIMER_T1) /* timer J */
#define ENTRY_BYTES (16u << 20)     /* a generation's: some 350 000 */

struct mark {
    struct table_node node;
    uint64_t more; /* the other half of the hash */
    struct outcome outcome;
};

enum error answered_new(struct worker *w)
{
    return aging_new(&w->answered, SPAN, ENTRY_BYTES);
}

void answered_free(struct worker *w)
{
    aging_free(w->answered);
    w->answered = NULL;
}

/* All the credentials that it came with. */
static struct hash128 claims_hash(const struct sip_message *m)
{
    struct hash128 all = {0};

    for (unsigned i = 0; i < m->count; i++) {
        enum header_id id = m->lines[i].id;

        if (id == HEADER_AUTHORIZATION || id == HEADER_PROXY_AUTHORIZATION) {
            struct hash128 one = hash_wide(m->lines[i].value);

            all = (struct hash128){all.a * 3 ^ one.a, all.b * 3 ^ one.b};
        }
    }
    return all;
}

struct hash128 answered_mark(const struct request *r)
{
    uint8_t source[FLOW_PACKED_MAX];
    size_t n = flow_pack(&r->from, source);
    struct hash128 claims = claims_hash(r->m);
    uint64_t more = hash_view(r->m->to) ^ hash_view((struct view){(const char *)source, n}) * 3;

    return (struct hash128){r->key.a ^ claims.a ^ more, r->key.b ^ claims.b ^ more * 5};
}

static bool mark_matches(const struct table_node *node, const void *key)
{
    return ((const struct mark *)(const void *)node)->more == *(const uint64_t *)key;
}

void answered_put(struct worker *w, struct hash128 mark, const struct outcome *outcome)
{
    struct mark *m = aging_put(w->answered, mark.a, sizeof(*m));

    if (!m) {
        w->counters.out_of_memory++;
        return;
    }
    m->more = mark.b;
    m->outcome = *outcome;
}

bool answered_find(struct worker *w, struct hash128 mark, struct outcome *out)
{
    const struct mark *m = (void *)aging_find(w->answered, mark.a, mark_matches, &mark.b);

    if (m)
        *out = m->outcome;
    return m != NULL;
}
