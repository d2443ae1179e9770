/* An alarm: one timer of an event loop that turns a wheel when its next timer is due. */
#ifndef OFFHOOK_BASE_ALARM_H
#define OFFHOOK_BASE_ALARM_H

#include "base/wheel.h"

struct alarm;
struct event_base;

/* wheel has to outlive it. ERR_MEMORY. */
enum error alarm_new(struct alarm **out, struct event_base *base, struct wheel *wheel);
void alarm_free(struct alarm *a);
/* Fires the timers that are due and arms the next wake-up: after each turn of the loop that may
 * have armed one. */
void alarm_turn(struct alarm *a);

#endif
