/* Token buckets. */
#include "auth/rate.h"

#define TOKEN 1000u

static void bucket_leak(struct bucket *b, uint64_t amount)
{
    b->used -= amount < b->used ? amount : b->used;
}

bool bucket_take(struct bucket *b, struct rate rate, unsigned reserve)
{
    uint64_t now = clock_ms();

    bucket_leak(b, (now - b->at) * rate.per_second); /* a ms is a thousandth of a second's rate */
    b->at = now;
    if (b->used + (1ull + reserve) * TOKEN > (uint64_t)rate.burst * TOKEN)
        return false;
    b->used += TOKEN;
    return true;
}

void bucket_give(struct bucket *b, unsigned tokens)
{
    bucket_leak(b, (uint64_t)tokens * TOKEN);
}
