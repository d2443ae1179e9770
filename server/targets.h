/* The target set of a request (RFC 3261 16.5): what is still to be tried, in groups of equal order.
 * Private to the proxy. */
#ifndef OFFHOOK_SERVER_TARGETS_H
#define OFFHOOK_SERVER_TARGETS_H

#include "db/store.h"
#include "sip/sip.h"

#define TARGETS_MAX 100 /* of one request, all groups together */

/* One way on. */
struct hop {
    struct sip_flow flow; /* family 0: the server is `where`, which has to be looked up */
    struct resolver_target where;
    struct view uri;         /* the new Request-URI; empty: as it was */
    struct view route;       /* Path values to go into Route; may be empty */
    struct gateway *gateway; /* that it leads to; NULL: none */
    uint64_t instance;       /* RFC 5626: hash of the phone that has several flows; 0: it has one */
    struct view credentials; /* ours at the gateway: a header line; not kept by the set */
    struct view headers;     /* Diversion lines to put in; not kept by the set */
    enum audio_way audio;    /* of the user whose phone it leads to */
    bool phone;              /* one that is registered here */
    bool cisco79;            /* a phone that shows Remote-Party-ID */
    bool trusted;            /* a gateway that keeps secret who calls when asked to (RFC 3325) */
    bool outside;            /* named by somebody elsewhere: it must not lead to our loopback */
    unsigned breadth;        /* its share of Max-Breadth (RFC 5393); 0: the header stays as it is */
};

struct candidate {
    struct candidate *next;
    uint32_t order;
    struct hop hop; /* its views lie in bytes */
    char bytes[];
};

struct targets {
    struct candidate *waiting; /* the highest order first; within one order as they were added */
    struct candidate *tried;
    unsigned count;
};

/* Adds a copy of hop. ERR_EXISTS: it is in or was tried; ERR_LIMIT: too many; ERR_MEMORY. */
enum error targets_add(struct targets *t, const struct hop *hop, uint32_t order);
/* Takes the next target of the group out, at most `order`; NULL: the group has ended. The target
 * stays the set's. */
const struct candidate *targets_next(struct targets *t, uint32_t order);
/* The phone has answered: its other flows need not be tried. */
void targets_drop(struct targets *t, uint64_t instance);
/* Nothing more is to be tried. */
void targets_stop(struct targets *t);
void targets_free(struct targets *t);

#endif
