/* Which packets of one stream have come, and in what order. */
#ifndef OFFHOOK_TESTS_BENCH_ARRIVALS_H
#define OFFHOOK_TESTS_BENCH_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is none yet. */
struct arrivals {
    uint64_t highest;
    uint64_t window; /* bit i: number highest - i has come */
    uint64_t received;
    uint64_t duplicated;
    uint64_t reordered; /* received after a higher one */
};

/* A packet with this number has come. False: not for the first time, or more than 63 behind the
 * highest, where that is not known any more; either counts as duplicated. */
bool arrivals_add(struct arrivals *a, uint64_t number);

#endif
