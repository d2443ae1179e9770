/* The clocks, real or virtual. */
#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

static __thread uint64_t now_ms;
static bool is_virtual;
static int64_t virtual_wall;
static uint64_t virtual_start;

uint64_t clock_ms(void)
{
    if (now_ms == 0)
        clock_update();
    return now_ms;
}

void clock_update(void)
{
    struct timespec t;

    if (is_virtual)
        return;
    clock_gettime(CLOCK_BOOTTIME, &t);
    now_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    struct timespec t;

    if (is_virtual)
        return virtual_wall * 1000 + (int64_t)(now_ms - virtual_start);
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
    struct timespec t;

    if (is_virtual)
        return clock_wall_ms() / 1000;
    clock_gettime(CLOCK_REALTIME_COARSE, &t); /* it is the second alone that counts */
    return t.tv_sec;
}

void clock_make_virtual(uint64_t start_ms, int64_t start_wall)
{
    is_virtual = true;
    now_ms = virtual_start = start_ms;
    virtual_wall = start_wall;
}

void clock_advance(uint64_t ms)
{
    now_ms += ms;
}
