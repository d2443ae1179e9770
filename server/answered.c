/* The marks of answered REGISTERs, kept with their nonces. */
#include "server/answered.h"

#define SPAN (64 * TIMER_T1 / 1000) /* s, timer J */

/* All the credentials that it came with. */
static uint64_t claims_hash(const struct sip_message *m)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < m->count; i++) {
        enum header_id id = m->lines[i].id;

        if (id == HEADER_AUTHORIZATION || id == HEADER_PROXY_AUTHORIZATION)
            all = all * 3 ^ hash_view(m->lines[i].value);
    }
    return all;
}

uint64_t answered_mark(const struct request *r)
{
    uint8_t source[FLOW_PACKED_MAX];
    size_t n = flow_pack(&r->from, source);
    uint64_t parts[] = {r->key.a, r->key.b, claims_hash(r->m), hash_view(r->m->to),
                        hash_view((struct view){(const char *)source, n})};
    uint64_t mark = hash_view((struct view){(const char *)parts, sizeof(parts)});

    return mark ? mark : 1;
}

bool answered_find(const struct worker *w, struct view nonce, uint64_t mark,
                   struct nonce_outcome *out)
{
    return w->nonces && nonce_kept(w->nonces, nonce, mark, out) &&
           clock_wall() - out->second <= SPAN;
}
