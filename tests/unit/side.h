/* One side of a stream transport over real sockets, on a virtual clock: what it takes in is
 * counted. */
#ifndef OFFHOOK_TESTS_UNIT_SIDE_H
#define OFFHOOK_TESTS_UNIT_SIDE_H

#include <event2/event.h>
#include <netinet/in.h>

#include "sip/sip.h"

struct side {
    struct event_base *base;
    struct wheel *wheel;
    struct transport *transport;
    struct sockaddr_in address;
    int listener;
    unsigned messages, broken;
    struct sip_flow last;
};

/* Listens on a port of loopback, by FLOW_TCP or FLOW_TLS. Takes messages that begin with
 * "OPTIONS sip:x" only. */
struct side *side_open(enum flow_transport transport);
void side_close(struct side *s);
/* Everything that is ready now is dealt with. */
void settle(struct side *s);
/* So many ms pass. */
void pass(struct side *s, uint64_t ms);

#endif
