/* Calls in which both phones talk all the time, each packet at its phone's own moment. */
#ifndef OFFHOOK_TESTS_BENCH_TALK_H
#define OFFHOOK_TESTS_BENCH_TALK_H

#include "tests/bench/phone.h"

/* Zeroed is empty. */
struct talk {
    struct phone *phones; /* those of a call lie side by side, A first */
    struct phone **order; /* the phones as they take turns, the same each 20 ms */
    size_t count, room;
    size_t next; /* in order */
    int epoll;
    struct window window;
};

/* Reads `calls` calls, or all with 0, off a file with a line each:
 *     relayA:port relayB:port phoneA:port phoneB:port
 * (relayA: where phone A sends) and opens their phones; direct: they send to each other instead.
 * ERR_SYNTAX; ERR_LIMIT: too few calls; ERR_MEMORY; ERR_SYSTEM. */
enum error talk_open(struct talk *t, const char *file, size_t calls, bool direct);
/* The first packets of the phones become due within 20 ms from `begin` of CLOCK_MONOTONIC on. */
void talk_begin(struct talk *t, uint64_t begin);
/* Sends and receives until `end` of CLOCK_MONOTONIC. */
void talk_until(struct talk *t, uint64_t end);
/* Receives what is still under way until then. */
void talk_listen(struct talk *t, uint64_t end);
void talk_close(struct talk *t);

#endif
