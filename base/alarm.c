/* Alarms: armed for the earliest timer, and left alone while a later one is asked for. */
#include "base/alarm.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"

struct alarm {
    struct wheel *wheel;
    struct event *event;
    uint64_t due; /* ms, when the event will fire; UINT64_MAX: it is not armed */
};

static void on_due(evutil_socket_t fd, short what, void *arg)
{
    struct alarm *a = arg;

    (void)fd;
    (void)what;
    a->due = UINT64_MAX;
    clock_update();
    alarm_turn(a);
}

enum error alarm_new(struct alarm **out, struct event_base *base, struct wheel *wheel)
{
    struct alarm *a = calloc(1, sizeof(*a));

    *out = a;
    if (!a)
        return ERR_MEMORY;
    a->wheel = wheel;
    a->due = UINT64_MAX;
    a->event = event_new(base, -1, 0, on_due, a);
    if (a->event)
        return OK;
    free(a);
    *out = NULL;
    return ERR_MEMORY;
}

void alarm_free(struct alarm *a)
{
    if (!a)
        return;
    event_free(a->event);
    free(a);
}

void alarm_turn(struct alarm *a)
{
    uint64_t wait, due;

    wheel_turn(a->wheel, clock_ms());
    wait = wheel_wait(a->wheel);
    if (wait == UINT64_MAX)
        return;
    due = clock_ms() + wait;
    if (due >= a->due && a->due > clock_ms()) /* an earlier wake-up is armed already; the event's
                                                 clock stands still while the host is suspended */
        return;
    struct timeval t = {(time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000)};

    a->due = due;
    event_add(a->event, &t);
}
