/* What the files of the resolver share. Private to sip/. */
#ifndef OFFHOOK_SIP_RESOLVER_INSIDE_H
#define OFFHOOK_SIP_RESOLVER_INSIDE_H

#include "sip/failing.h"
#include "sip/resolver.h"

#define SERVERS_MAX 16 /* behind one host */
#define WAITERS_MAX (2 * SERVERS_MAX)

struct resolver {
    struct event_base *base;
    struct wheel *wheel;
    struct resolver_options options;
    struct dns_lookups *lookups;
    struct dns_channel *channel; /* of lookups */
    struct event *soon;
    struct resolver_query *queries; /* all that are open */
    struct resolver_query *ready, **ready_last;
    unsigned count;
    struct failing failing;
};

struct resolver_query {
    struct resolver *r;
    struct resolver_query *next, **link;
    struct resolver_query *ready_next;
    bool ready;
    resolver_done *done;
    void *user;
    struct resolver_target target; /* without its host, which is: */
    struct sip_flow numeric;       /* family 0: it is a name */
    char name[DNS_NAME_MAX];       /* "": it is no name either */
    uint64_t begun, seed;
    struct timer limit;
    bool late; /* what is not known by now does not count */
    unsigned rounds, pending, waiter_count;
    struct dns_waiter waiters[WAITERS_MAX];
};

/* resolver_search.c: what the answers that are known say. */
struct resolver_result {
    struct resolver_address list[RESOLVER_ADDRESSES_MAX];
    unsigned count;
    enum error error;
};

/* Goes through the steps of RFC 3263 as far as the answers are known, and has the others looked up.
 * True: out is the result. False: something was asked for. */
bool resolver_search(struct resolver_query *q, struct resolver_result *out);
/* resolver.c */
/* Has name looked up for q; false: that cannot be. */
bool resolver_wait(struct resolver_query *q, const char *name, enum dns_type type);

#endif
