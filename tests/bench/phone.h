/* The phones of rtpload: each sends its own stream and checks the one of the other phone of its
 * call, which has the stream number beside its own (0 and 1, 2 and 3, ...). */
#ifndef OFFHOOK_TESTS_BENCH_PHONE_H
#define OFFHOOK_TESTS_BENCH_PHONE_H

#include <netinet/in.h>

#include "base/error.h"
#include "tests/bench/arrivals.h"
#include "tests/bench/histogram.h"

struct phone {
    int fd;
    uint64_t stream;
    uint64_t number; /* of its next packet */
    uint64_t due;    /* ns of CLOCK_MONOTONIC: when that leaves */
    uint64_t sent, received;
    uint64_t refused;   /* sends that failed */
    uint64_t foreign;   /* packets that the other phone did not send, or not so */
    uint64_t last, gap; /* ns: when the last packet came, and the longest wait for one */
    struct arrivals arrivals;
};

/* What all phones share. Counted is what is sent within the window, wherever it arrives. */
struct window {
    uint64_t run;
    uint64_t from, to; /* ns of CLOCK_REALTIME */
    uint64_t sending;  /* ns within send() */
    struct histogram latency, lateness;
};

/* ns of a clock. */
uint64_t clock_ns(int clock);
/* A socket at `own` that sends to `peer` and takes packets from nobody else. ERR_SYSTEM. */
enum error phone_open(struct phone *p, const struct sockaddr_in *own,
                      const struct sockaddr_in *peer);
/* Sends the packet that is due, at `now` of CLOCK_MONOTONIC. */
void phone_send(struct phone *p, struct window *w, uint64_t now);
/* Takes a packet that has come. */
void phone_receive(struct phone *p, struct window *w);

#endif
