/* A token bucket: so many at once, so many a second. */
#ifndef OFFHOOK_AUTH_RATE_H
#define OFFHOOK_AUTH_RATE_H

#include "base/base.h"

struct rate {
    unsigned per_second, burst;
};

/* Zeroed it is full. */
struct bucket {
    uint64_t at;   /* ms of clock_ms(), when it was looked at last */
    uint64_t used; /* thousandths of tokens that are out */
};

/* Takes one token; false when fewer than `reserve` would be left behind it. */
bool bucket_take(struct bucket *b, struct rate rate, unsigned reserve);
/* Puts tokens back. */
void bucket_give(struct bucket *b, unsigned tokens);

#endif
