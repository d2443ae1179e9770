/* Peers that have failed a short while ago (RFC 3263 4.3); a bounded memory, the oldest goes. */
#ifndef OFFHOOK_SIP_FAILING_H
#define OFFHOOK_SIP_FAILING_H

#include "sip/flow.h"

#define FAILING_MAX 256

/* Zeroed: none has failed. */
struct failing {
    struct {
        struct sip_flow flow;
        uint64_t until; /* ms of clock_ms() */
    } peers[FAILING_MAX];
    unsigned next;
};

void failing_note(struct failing *f, const struct sip_flow *flow, unsigned seconds);
bool failing_has(const struct failing *f, const struct sip_flow *flow);

#endif
