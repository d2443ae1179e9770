/* Gateways: the other SIP servers that calls may go to, in memory, fed by changes from the keeper.
 */
#ifndef OFFHOOK_ROUTING_GATEWAY_H
#define OFFHOOK_ROUTING_GATEWAY_H

#include "db/change.h"

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
/* Whether it answers; what changes is told in the log. */
void gateway_mark(struct gateway *gateway, bool up);

#endif
