/* Transports: datagrams and connections turned into messages with the flow they came over. */
#ifndef OFFHOOK_SIP_TRANSPORT_H
#define OFFHOOK_SIP_TRANSPORT_H

#include "sip/transaction.h"

struct event_base;
struct tls;
struct transport;

struct transport_handler {
    /* One framed message, not parsed yet. */
    void (*message)(void *arg, const struct sip_flow *from, struct view bytes);
    /* Nothing can be sent along flow any more (a connection failed or was closed). */
    void (*broken)(void *arg, const struct sip_flow *flow);
    /* Optional: somebody (who may lie) says by ICMP that a datagram could not be delivered. */
    void (*refused)(void *arg, const struct sip_flow *flow);
    /* A TCP socket of this family (4, 6) is needed; it comes by transport_give_stream. */
    void (*want_stream)(void *arg, uint8_t family);
    /* One wake-up was dealt with: time to look at the timers. */
    void (*turned)(void *arg);
    void *arg;
    /* Optional: may a connection from this peer be accepted? */
    bool (*admit)(void *arg, const struct sip_flow *from);
    /* Optional, instead of admit: one was accepted, and waits for tcp_admit. */
    void (*accepted)(void *arg, const struct sip_flow *from);
};

/* All of one type, so that they can be summed. */
struct transport_counts {
    uint64_t datagrams, stream_messages, sent, send_failed, pings, hopeless, refused_connections,
        timed_out_connections, handshakes, handshakes_failed;
    uint64_t connections; /* that stand */
};

/* One address of this host. */
struct transport_address {
    uint8_t family, prefix; /* 4 or 6; bits of the network */
    uint8_t address[16];
};

/* addresses (copied): this host's, for choosing the one that a peer can answer to. ERR_MEMORY. */
enum error transport_new(struct transport **out, struct event_base *base, struct wheel *wheel,
                         const struct transport_handler *handler,
                         const struct transport_address *addresses, size_t count);
void transport_free(struct transport *t);
/* Makes `count` further threads that hold sockets and connections for t, each with an event base of
 * its own; what they receive comes out of t's handler, in t's thread. Once; they stand still until
 * transport_begin. ERR_MEMORY, ERR_SYSTEM. */
enum error transport_hire(struct transport *t, unsigned count);
/* The hired threads begin to work; nothing more can be assigned. ERR_SYSTEM: some do not. */
enum error transport_begin(struct transport *t);
/* Serves fd (stays the caller's), bound to `bound`, as listener number `index`. ERR_MEMORY,
 * ERR_LIMIT (more than 64). */
enum error transport_listen(struct transport *t, int fd, enum flow_transport transport,
                            const struct sockaddr *bound, unsigned index);
/* The same in a hired thread (1 to count). TCP and TLS: for an fd bound to the same with
 * SO_REUSEPORT. UDP: for the same fd, by which that thread sends what t has no time for. */
enum error transport_assign(struct transport *t, unsigned thread, int fd,
                            enum flow_transport transport, const struct sockaddr *bound,
                            unsigned index);
/* Takes tls over for the connections to come, both ways; those that stand keep what they began
 * with. Without one nobody is let in, and nothing sent, over TLS. */
void transport_set_tls(struct transport *t, struct tls *tls);
/* Sends along flow; over TCP and TLS it opens a connection when none is there. Over TLS its peer
 * then has to show a certificate for the flow's numeric address, unless transport_name has named
 * another. ERR_CLOSED, ERR_LIMIT, ERR_MEMORY. */
enum error transport_send(struct transport *t, const struct sip_flow *flow, struct view bytes);
/* For a TLS flow whose address was found by a host's name, before the first transport_send: opens
 * the connection, whose peer has to show a certificate for host (RFC 5922); OK when one stands
 * whose peer has. Nothing to do for other transports. ERR_DENIED: a connection stands whose peer
 * has not; ERR_CLOSED, ERR_LIMIT, ERR_MEMORY. */
enum error transport_name(struct transport *t, const struct sip_flow *flow, struct view host);
/* Is there a connection for this TCP or TLS flow? UDP: always. */
bool transport_is_open(const struct transport *t, const struct sip_flow *flow);
/* The peer of a TCP or TLS flow has proven who he is: his connection may be silent for as long as a
 * registration lasts. */
void transport_keep(struct transport *t, const struct sip_flow *flow);
/* Chooses listener and local address for a flow whose transport, peer address and port are set.
 * ERR_NOT_FOUND: no listener of that transport and family, or no single host. */
enum error transport_reach(const struct transport *t, struct sip_flow *flow);
/* Our own address towards the peer of flow; zeros when there is none. */
void transport_local(const struct transport *t, const struct sip_flow *flow, uint8_t out[16]);
/* Does a socket of t listen on this address of ours? */
bool transport_hears(const struct transport *t, uint8_t family, const uint8_t address[16]);
/* Our own "host:port" towards the peer of flow, for Via and Record-Route. */
void transport_sent_by(const struct transport *t, const struct sip_flow *flow, struct text *out);
/* Is this numeric address one of this host's? */
bool transport_is_own(const struct transport *t, const struct sip_flow *address);
/* Does flow lead to one of our own sockets? */
bool transport_is_self(const struct transport *t, const struct sip_flow *flow);
/* Is this a port that we listen on? 0 (none was named) counts as one. */
bool transport_is_own_port(const struct transport *t, uint16_t port);
/* The socket asked for by want_stream; -1: there is none to be had. */
void transport_give_stream(struct transport *t, uint8_t family, int fd);
/* Ms since when some UDP socket has not been emptied: more arrives than is dealt with. */
uint64_t transport_lag(const struct transport *t);
/* Of all threads; what the hired ones did in the last 250 ms may be missing. */
struct transport_counts transport_counts(const struct transport *t);
/* How many threads there are, t's own included, and the counts of one (0: t's own). */
unsigned transport_threads(const struct transport *t);
struct transport_counts transport_counts_of(const struct transport *t, unsigned thread);

#endif
