/* A sliding window of 64 packets. */
#include "tests/bench/arrivals.h"

#define WINDOW 64

static void arrivals_advance(struct arrivals *a, uint64_t number)
{
    uint64_t step = a->received ? number - a->highest : WINDOW;

    a->window = step < WINDOW ? a->window << step | 1 : 1;
    a->highest = number;
}

bool arrivals_add(struct arrivals *a, uint64_t number)
{
    if (!a->received || number > a->highest) {
        arrivals_advance(a, number);
    } else {
        uint64_t behind = a->highest - number;

        if (behind >= WINDOW || a->window >> behind & 1) {
            a->duplicated++;
            return false;
        }
        a->window |= 1ULL << behind;
        a->reordered++;
    }
    a->received++;
    return true;
}
