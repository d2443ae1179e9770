/* One count a microsecond. */
#include "tests/bench/histogram.h"

void histogram_add(struct histogram *h, uint64_t us)
{
    h->counts[us < HISTOGRAM_MAX ? us : HISTOGRAM_MAX]++;
    h->total++;
}

uint64_t histogram_quantile(const struct histogram *h, double part)
{
    double wanted = part * (double)h->total;
    uint64_t seen = 0, us = 0;

    while (us < HISTOGRAM_MAX) {
        seen += h->counts[us];
        if ((double)seen >= wanted)
            break;
        us++;
    }
    return us;
}
