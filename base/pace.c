/* Paces: what the last whole period was like decides. */
#include "base/pace.h"

#include "base/clock.h"

#define PERIOD 128 /* ms */

unsigned pace_count(struct pace *p, const struct pace_steps *steps, unsigned more)
{
    uint64_t period = clock_ms() / PERIOD;

    p->count += more;
    if (period != p->period) {
        p->ms = period != p->period + 1 || p->count < steps->busy ? 0
                : p->count < steps->full                          ? steps->busy_ms
                                                                  : steps->full_ms;
        p->period = period;
        p->count = 0;
    }
    return p->ms;
}
