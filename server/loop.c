/* The loop hash and the search for it among the Vias. */
#include "server/loop.h"

uint32_t loop_hash(const struct worker *w, const struct sip_message *m)
{
    const struct view fixed[] = {m->uri, m->call_id, m->from_tag, m->to_tag};
    uint64_t hash = m->cseq;

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        hash = hash * 0x9e3779b97f4a7c15ull ^ hash_keyed64(w->tag_key, fixed[i]);
    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_ROUTE, h));)
        hash = hash * 0x9e3779b97f4a7c15ull ^ hash_keyed64(w->tag_key, h->value);
    return (uint32_t)(hash >> 32 ^ hash);
}

/* Did we put this Via in, under this loop hash? */
static bool is_ours(const struct worker *w, const struct via *via, uint32_t *loop)
{
    struct sip_flow address = {0};
    uint64_t number;

    return branch_read(via->branch, &number, loop) && flow_set_address(&address, via->host) &&
           transport_is_own(w->transport, &address) &&
           transport_is_own_port(w->transport, via->port);
}

bool loop_found(const struct worker *w, const struct sip_message *m)
{
    for (const struct header_line *h = NULL; (h = sip_header_after(m, HEADER_VIA, h));) {
        struct view rest = h->value;

        while (rest.n) {
            struct view value = header_value_next(&rest);
            struct via via;
            uint32_t loop;

            if (value.n <= SIP_VALUE_MAX && via_parse(&via, value) == OK &&
                is_ours(w, &via, &loop) && loop == loop_hash(w, m))
                return true;
        }
    }
    return false;
}
