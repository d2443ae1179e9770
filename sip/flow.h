/* A flow: the way a packet came and the way back: transport, the peer's address and port, our own
 * address (RFC 5626 calls it so). */
#ifndef OFFHOOK_SIP_FLOW_H
#define OFFHOOK_SIP_FLOW_H

#include <sys/socket.h>

#include "base/base.h"

enum flow_transport { FLOW_UDP, FLOW_TCP, FLOW_TLS };

#define FLOW_PACKED_MAX 40
#define FLOW_TEXT_MAX   64

struct sip_flow {
    uint8_t transport; /* enum flow_transport */
    uint8_t family;    /* 4 or 6; 0: no flow */
    uint8_t listener;  /* index of the socket of ours */
    uint16_t port;     /* of the peer, host order */
    uint8_t address[16];
    uint8_t local[16]; /* our address that the peer talks to; zeros when not known */
};

/* Peer address and port of a socket address; the rest stays. */
void flow_set_peer(struct sip_flow *f, const struct sockaddr *from);
/* The peer as a socket address; returns its length. */
socklen_t flow_peer(const struct sip_flow *f, struct sockaddr_storage *out);
/* Same transport, peer address and port? */
bool flow_same_peer(const struct sip_flow *a, const struct sip_flow *b);
bool flow_same_address(const struct sip_flow *a, const struct sip_flow *b);
/* Is its address one of many hosts: multicast, or the broadcast of all networks? */
bool flow_is_group(const struct sip_flow *f);
/* Is it an address that only this host itself can reach: loopback, or none in particular? */
bool flow_is_local(const struct sip_flow *f);
/* Sets the peer's address from text ("192.0.2.1", "2001:db8::1", also in brackets). False when it
 * is not a numeric address; family then stays. */
bool flow_set_address(struct sip_flow *f, struct view host);
/* "192.0.2.1" or "2001:db8::1" (bracketed: for a URI or Via). */
void flow_address_text(const uint8_t address[16], uint8_t family, bool bracketed, struct text *out);
/* "udp:192.0.2.1:5060", NUL-ended. */
const char *flow_text(const struct sip_flow *f, char out[FLOW_TEXT_MAX]);
/* To and from the few bytes kept in bindings and tokens. */
size_t flow_pack(const struct sip_flow *f, uint8_t out[FLOW_PACKED_MAX]);
bool flow_unpack(struct sip_flow *f, struct view in);
static inline bool flow_is_reliable(const struct sip_flow *f)
{
    return f->transport != FLOW_UDP;
}
const char *flow_transport_name(const struct sip_flow *f); /* "UDP" */
/* What a URI without a port means by this transport. */
static inline uint16_t flow_default_port(enum flow_transport transport)
{
    return transport == FLOW_TLS ? 5061 : 5060;
}

#endif
