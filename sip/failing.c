/* Peers that have failed, in a ring. */
#include "sip/failing.h"

void failing_note(struct failing *f, const struct sip_flow *flow, unsigned seconds)
{
    unsigned place = f->next;

    for (unsigned i = 0; i < FAILING_MAX; i++)
        if (f->peers[i].until && flow_same_peer(&f->peers[i].flow, flow))
            place = i;
    if (place == f->next)
        f->next = (f->next + 1) % FAILING_MAX;
    f->peers[place].flow = *flow;
    f->peers[place].until = clock_ms() + seconds * UINT64_C(1000);
}

bool failing_has(const struct failing *f, const struct sip_flow *flow)
{
    for (unsigned i = 0; i < FAILING_MAX; i++)
        if (f->peers[i].until > clock_ms() && flow_same_peer(&f->peers[i].flow, flow))
            return true;
    return false;
}
