/* Event loops as the roles and their threads use them. */
#ifndef OFFHOOK_BASE_LOOP_H
#define OFFHOOK_BASE_LOOP_H

struct event_base;

/* Priorities of its events: they have the first unless they ask for
 * LOOP_LATER, which waits until nothing else is to be done. */
enum { LOOP_USUAL = 1, LOOP_LATER, LOOP_PRIORITIES };

/* A loop whose timers fire to the millisecond: by libevent's coarse clock each would wake us twice,
 * in the tick before its time and at it. NULL: no memory. */
struct event_base *loop_new(void);

#endif
