/* A pace: with much traffic, how long to gather before looking again, instead of waking for each.
 */
#ifndef OFFHOOK_BASE_PACE_H
#define OFFHOOK_BASE_PACE_H

#include <stdint.h>

/* From so many within a period of 128 ms on, so many ms. */
struct pace_steps {
    unsigned busy, busy_ms;
    unsigned full, full_ms;
};

/* Zeroed is idle. */
struct pace {
    uint64_t period; /* the one that `count` counts in */
    unsigned count;
    unsigned ms;
};

/* So many more have come. The ms to gather for; 0: be woken. */
unsigned pace_count(struct pace *p, const struct pace_steps *steps, unsigned more);

#endif
