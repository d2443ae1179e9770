/* The stock of sockets that the channel to the name servers draws from. Private to sip/. */
#ifndef OFFHOOK_SIP_DNS_SOCKETS_H
#define OFFHOOK_SIP_DNS_SOCKETS_H

#include "sip/dns_channel.h"

#define DNS_DATAGRAM_STOCK 8
#define DNS_STREAM_STOCK   2

/* Sockets of one family and kind. */
struct dns_shelf {
    int fds[DNS_DATAGRAM_STOCK];
    unsigned count, wanted, size;
};

struct dns_sockets {
    struct dns_shelf shelves[2][2]; /* IPv4 and IPv6; datagrams and streams */
    const struct dns_channel_handler *handler;
};

/* Empty shelves; those of families[0] (IPv4) and families[1] (IPv6) are kept filled from
 * dns_sockets_fill on. handler has to outlive it. */
void dns_sockets_init(struct dns_sockets *s, const struct dns_channel_handler *handler,
                      const bool families[2]);
void dns_sockets_close(struct dns_sockets *s);
/* Asks for what is missing. */
void dns_sockets_fill(struct dns_sockets *s);
/* A socket, owned by the caller; -1 when there is none now. */
int dns_sockets_take(struct dns_sockets *s, int domain, int type);
void dns_sockets_put(struct dns_sockets *s, uint8_t family, bool stream, int fd);
/* Is there no datagram socket, but one on its way? */
bool dns_sockets_wait(const struct dns_sockets *s);

#endif
