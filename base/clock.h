/* Time as a parameter: CLOCK_BOOTTIME for intervals, the wall clock only to date things. */
#ifndef OFFHOOK_BASE_CLOCK_H
#define OFFHOOK_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock as of this thread's last clock_update (or virtual advance).
 */
uint64_t clock_ms(void);
/* Reads the clock anew; once per turn of an event loop. */
void clock_update(void);
/* Seconds since 1970-01-01 UTC, read afresh (or virtual). */
int64_t clock_wall(void);
/* The same in milliseconds. */
int64_t clock_wall_ms(void);
/* From now on time stands still and moves only by clock_advance. For tests. */
void clock_make_virtual(uint64_t start_ms, int64_t start_wall);
void clock_advance(uint64_t ms);

#endif
