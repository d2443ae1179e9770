/* Counts of durations in µs, of which quantiles are asked. */
#ifndef OFFHOOK_TESTS_BENCH_HISTOGRAM_H
#define OFFHOOK_TESTS_BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX 1000000 /* µs; longer ones count as that */

/* Large: never on the stack. Zeroed is empty. */
struct histogram {
    uint32_t counts[HISTOGRAM_MAX + 1];
    uint64_t total;
};

void histogram_add(struct histogram *h, uint64_t us);
/* The smallest duration that at least `part` (0 to 1) of all do not exceed; 0 of none. */
uint64_t histogram_quantile(const struct histogram *h, double part);

#endif
