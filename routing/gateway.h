/* Gateways and the routes to them: the other SIP servers that calls may go to, in memory, fed by
 * changes from the keeper. */
#ifndef OFFHOOK_ROUTING_GATEWAY_H
#define OFFHOOK_ROUTING_GATEWAY_H

#include "routing/prefix.h"
#include "sip/number.h"

struct gateways;

/* A gateway; lives as long as the table, so a pointer to one may be kept. When it was removed,
 * `gone` is set, until one of its name comes back. */
struct gateway {
    struct gateway *next;
    char *texts;                     /* behind the three views */
    struct view name, uri, username; /* until the next change of it */
    uint16_t priority, weight;       /* RFC 2782 */
    uint32_t max_calls;              /* 0: no limit */
    bool registers;                  /* we register there */
    bool gone;
    bool up;        /* by gateway_mark; at first and with a new URI it is taken to be */
    uint32_t calls; /* the proxy's: how many stand */
};

#define ROUTE_GATEWAYS_MAX 16

/* Where a number goes, and what is dialled there. */
struct route_choice {
    const struct route *route;                    /* until routes change */
    char number[NUMBER_MAX];                      /* after strip and prepend */
    struct gateway *gateways[ROUTE_GATEWAYS_MAX]; /* in the order in which to try them */
    unsigned count;
    unsigned up; /* so many of them, the first ones, are known or taken to answer */
};

/* ERR_MEMORY. */
enum error gateways_new(struct gateways **out);
void gateways_free(struct gateways *g);
/* Forgets everything, but for the health of those that come back. */
void gateways_clear(struct gateways *g);
/* Takes over one fact. ERR_MEMORY; ERR_SYNTAX: it is about something else. */
enum error gateways_apply(struct gateways *g, const struct change *change);
/* The gateway called name; NULL. */
struct gateway *gateway_find(const struct gateways *g, struct view name);
/* The one behind `after` (NULL: the first), in no order; NULL at the end. */
struct gateway *gateway_next(const struct gateways *g, const struct gateway *after);
/* Does a route fit number, which is canonical? */
bool route_fits(const struct gateways *g, struct view number);
/* The way of number by the route with the longest prefix; gateways that answer come first, then the
 * order is that of RFC 2782: by priority, among equals drawn by weight, from `random`.
 * ERR_NOT_FOUND: no route; ERR_LIMIT: nothing, or too much, is left of the number. */
enum error route_find(struct route_choice *out, const struct gateways *g, struct view number,
                      uint64_t random);
/* Whether it answers; what changes is told in the log. */
void gateway_mark(struct gateway *gateway, bool up);

#endif
