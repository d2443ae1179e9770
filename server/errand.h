/* An errand: a request of our own to a gateway, repeated for ever: its server is looked up, its
 * addresses are tried, its challenge is answered. Private to the trunks. */
#ifndef OFFHOOK_SERVER_ERRAND_H
#define OFFHOOK_SERVER_ERRAND_H

#include "server/credential.h"

struct errand;

struct errand_ops {
    enum sip_method method;
    /* Writes the request up to the blank line, but for Via, Call-ID and CSeq. */
    void (*write)(void *user, struct text *out, const struct sip_flow *flow);
    /* It has ended: with the final answer m, or without any (NULL). Returns the ms until the next
     * time. */
    uint64_t (*ended)(void *user, const struct sip_message *m);
};

struct errand {
    struct worker *owner;
    const struct errand_ops *ops;
    void *user;
    struct gateway *gateway;
    struct timer due;
    struct resolver_query *query;
    struct credential_query *question;
    struct client_transaction *tx;
    struct sip_flow flows[RESOLVER_ADDRESSES_MAX];
    unsigned count, next;
    struct sip_flow
        known[RESOLVER_ADDRESSES_MAX]; /* what was found last; stays while it is looked up */
    unsigned known_count;
    uint32_t cseq;
    char call_id[32];
    struct pack answer; /* to its challenge: a header line */
};

/* Begins within `first` ms. */
void errand_begin(struct errand *e, struct worker *w, struct gateway *g,
                  const struct errand_ops *ops, void *user, uint64_t first);
/* Ends it, telling nobody. */
void errand_end(struct errand *e);

#endif
