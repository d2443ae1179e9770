/* Overload: what is turned away so that the calls that stand, and the phones that are known, go on
 * (RFC 3261 21.5.4: 503 with Retry-After). */
#ifndef OFFHOOK_SERVER_OVERLOAD_H
#define OFFHOOK_SERVER_OVERLOAD_H

#include "base/base.h"

enum overload_state {
    OVERLOAD_NONE,
    OVERLOAD_CALLS,     /* new INVITEs are shed */
    OVERLOAD_REGISTERS, /* and REGISTERs of phones that are not registered */
};

struct overload {
    enum overload_state state;
    uint64_t since; /* ms of clock_ms(), of the state */
    uint64_t calm;  /* ms, since when the load would allow the state below; 0: it does not */
    bool heavy;     /* the last look would have allowed a state above */
};

/* Takes the load of this moment: lag is how far the event loop is behind, in ms, waiting the number
 * of questions that the keeper has not answered. Up at the second look in a row, down a step after
 * 5 s of calm. */
void overload_judge(struct overload *o, uint64_t lag, size_t waiting, uint64_t now);
/* "normal", "shedding calls", "shedding calls and registrations". */
const char *overload_text(enum overload_state state);

#endif
