/* The resolver: from a host as it stands in a URI to the servers behind it, in the order in which
 * they are to be tried (RFC 3263 section 4). */
#ifndef OFFHOOK_SIP_RESOLVER_H
#define OFFHOOK_SIP_RESOLVER_H

#include "sip/dns_lookup.h"

#define RESOLVER_ADDRESSES_MAX 16
#define RESOLVER_QUERIES_MAX   1000 /* under way */
#define RESOLVER_LIMIT         5000 /* ms that a question may take */

/* Bits of what there are listeners for. */
#define RESOLVER_UDP 1u
#define RESOLVER_TCP 2u
#define RESOLVER_TLS 4u

struct resolver;
struct resolver_query;

struct resolver_target {
    struct view host; /* a name or an address, an IPv6 one with or without brackets */
    uint16_t port;    /* 0: none given */
    enum flow_transport transport;
    bool transport_given;
    bool secure; /* sips: over TLS only; as is FLOW_TLS given as transport */
};

struct resolver_address {
    struct sip_flow flow; /* transport, peer address and port */
};

struct resolver_options {
    uint8_t families[2]; /* 4 and 6, the preferred first; 0: no more listeners */
    unsigned transports; /* RESOLVER_UDP, ... */
    uint64_t (*random)(void *arg);
    struct dns_channel_handler handler; /* ready is not used */
};

/* At most RESOLVER_ADDRESSES_MAX, best first. None: error is ERR_NOT_FOUND (there is no such
 * server), ERR_CLOSED (the name servers failed or took too long) or ERR_SYNTAX (not a host). Called
 * once, never from inside resolver_ask and not after resolver_cancel; it may ask and cancel, but
 * not free the resolver. */
typedef void resolver_done(void *user, const struct resolver_address *list, unsigned count,
                           enum error error);

/* Reads the hosts file and, unless some are given, the system's name servers; to be called before a
 * sandbox closes. ERR_MEMORY, ERR_SYSTEM. */
enum error resolver_new(struct resolver **out, const struct sip_flow *servers, unsigned count);
/* Questions that are open end without a call. NULL is allowed. */
void resolver_free(struct resolver *r);
/* Begins to work. base and wheel have to outlive it. ERR_MEMORY. */
enum error resolver_open(struct resolver *r, struct event_base *base, struct wheel *wheel,
                         const struct resolver_options *options);
/* Are three quarters of its places taken? What can wait should, then. */
bool resolver_is_crowded(const struct resolver *r);
/* A handle for resolver_cancel, valid until done is called. NULL: refused, since too many questions
 * wait, or there is no memory, or r is NULL. The host is copied. */
struct resolver_query *resolver_ask(struct resolver *r, const struct resolver_target *target,
                                    resolver_done *done, void *user);
void resolver_cancel(struct resolver_query *q);
#define RESOLVER_AVOID_S 30 /* the usual time for resolver_failed */
/* The peer of flow did not answer, or with 503: for this time others are better (RFC 3263 4.3). */
void resolver_failed(struct resolver *r, const struct sip_flow *flow, unsigned seconds);
/* The socket asked for by want_socket, which is taken over; -1: there is none to be had. */
void resolver_give_socket(struct resolver *r, uint8_t family, bool stream, int fd);
/* Zeros when r is NULL. */
struct dns_counts resolver_counts(const struct resolver *r);

#endif
