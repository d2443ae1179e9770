/* A hierarchical timer wheel, 1 ms a tick: arming and disarming cost a few instructions. */
#ifndef OFFHOOK_BASE_WHEEL_H
#define OFFHOOK_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct wheel;

/* A timer lives inside its owner; zeroed means not armed. The owner disarms it before it dies. */
struct timer {
    struct timer *next, **link;
    uint64_t due; /* ms, clock_ms() */
    void (*fire)(struct timer *t);
};

#define TIMER_OWNER(t, type, member) ((type *)(void *)((char *)(t)-offsetof(type, member)))

/* A wheel that starts at now ms of clock_ms(); ERR_MEMORY. wheel_free disarms what is armed. */
enum error wheel_new(struct wheel **out, uint64_t now);
void wheel_free(struct wheel *w);
/* Arms t for `ms` from clock_ms() on (again, if it was armed); fire runs once. */
void timer_arm(struct wheel *w, struct timer *t, uint64_t ms, void (*fire)(struct timer *t));
void timer_disarm(struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
    return t->link != 0;
}
/* Moves the wheel to now and fires what is due, in order of time. */
void wheel_turn(struct wheel *w, uint64_t now);
/* Ms from the wheel's time until it must be turned again; UINT64_MAX when nothing is armed. May be
 * early (a cascade), never late. */
uint64_t wheel_wait(const struct wheel *w);

#endif
