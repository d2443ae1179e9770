/* Forwarding: the forwards of one user in memory, at most one of a kind. */
#ifndef OFFHOOK_ROUTING_FORWARDING_H
#define OFFHOOK_ROUTING_FORWARDING_H

#include "db/forward.h"

#define FORWARDS_MAX 5 /* one after the other, for one call: more is taken for a loop */

/* One forward; lives until the user's forwards change. */
struct forward {
    struct forward *next;
    enum forward_kind kind;
    uint16_t after; /* FORWARD_NO_ANSWER: seconds until then */
    size_t target_size;
    char target[]; /* a number of the user's domain, or a whole SIP URI */
};

/* Zeroed is empty. */
struct forwarding {
    struct forward *first;
};

/* Takes a copy of row, in place of one of the same kind. ERR_MEMORY: nothing changed. */
enum error forwarding_put(struct forwarding *f, const struct store_forward *row);
void forwarding_remove(struct forwarding *f, enum forward_kind kind);
void forwarding_clear(struct forwarding *f);
/* NULL: there is none of this kind. */
const struct forward *forwarding_find(const struct forwarding *f, enum forward_kind kind);
struct view forward_target(const struct forward *forward);

#endif
