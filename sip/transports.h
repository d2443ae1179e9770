/* What the transports share. Private to sip/. */
#ifndef OFFHOOK_SIP_TRANSPORTS_H
#define OFFHOOK_SIP_TRANSPORTS_H

#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>

#include "sip/tls.h"
#include "sip/transport.h"

#define LISTENERS_MAX 64

struct listener {
    struct transport *owner;
    int fd;
    uint8_t transport, family, index;
    bool wildcard;
    uint16_t port;
    uint8_t address[16];
    struct event *readable, *poll;    /* UDP; one of them is pending */
    uint64_t full_since;              /* ms; UDP: not emptied since; 0: it was */
    struct pace pace;                 /* of UDP: between two looks at the socket */
    struct evconnlistener *accepting; /* TCP, TLS */
    struct timer pause;               /* those: until connections are accepted again */
};

struct connection;
struct crew;
struct departures;

/* Room for the control data that tells our own address. */
union udp_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct transport {
    struct event_base *base;
    struct wheel *wheel;
    struct transport_handler handler;
    struct transport_counts counts;
    struct transport_address *addresses;
    size_t address_count;
    struct listener listeners[LISTENERS_MAX];
    unsigned listener_count;
    struct table connections;                     /* by peer */
    struct connection *young_first, **young_last; /* no message yet, oldest first */
    size_t young_count;
    struct connection *waiting; /* for a socket from the parent */
    struct departures *departures;
    struct tls *tls;   /* NULL: there is none */
    struct crew *crew; /* hired threads; NULL: none */
    unsigned share;    /* among so many threads the limits are shared out; 0: there is this one */
    uint64_t paused;   /* ms: since when what comes over connections waits there; 0: it does not */
    struct connection *parked_first, **parked_last; /* that have something, since the pause */
};

/* transport.c */
/* A UDP socket that t only sends by; another transport reads it. */
enum error transport_lend(struct transport *t, int fd, const struct sockaddr *bound,
                          unsigned index);
/* udp.c */
enum error udp_listen(struct listener *l);
/* Takes what ICMP has said off the socket's error queue; how many there were. */
unsigned udp_errors(const struct listener *l);
/* departures.c */
enum error departures_new(struct transport *t);
/* Sends what waits. */
void departures_free(struct transport *t);
void udp_flush(struct transport *t);
/* flow's peer was said to be unreachable; told at the end of the turn. */
void departures_refuse(struct transport *t, const struct sip_flow *flow);
/* OK: it waits for the end of the turn. Who cannot be sent to is told as broken. */
enum error udp_send(struct transport *t, const struct sip_flow *flow, struct view bytes);
/* tcp.c: TCP and TLS */
enum error tcp_listen(struct listener *l);
enum error tcp_send(struct transport *t, const struct sip_flow *flow, struct view bytes);
enum error tcp_name(struct transport *t, const struct sip_flow *flow, struct view host);
bool tcp_is_open(const struct transport *t, const struct sip_flow *flow);
void tcp_keep(struct transport *t, const struct sip_flow *flow);
void tcp_close(struct transport *t, const struct sip_flow *flow);
/* Lets in a connection that `accepted` has told of. */
void tcp_admit(struct transport *t, const struct sip_flow *flow);
/* Ends the pause, for those first that have waited longest. */
void tcp_resume(struct transport *t);
void tcp_close_all(struct transport *t);
const struct listener *transport_listener(const struct transport *t, const struct sip_flow *flow);

#endif
