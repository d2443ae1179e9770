/* Addresses of media: where packets are received. A v4-mapped IPv6 address is kept as the IPv4
 * address that it stands for, so that one host has one form. */
#ifndef OFFHOOK_MEDIA_ADDRESS_H
#define OFFHOOK_MEDIA_ADDRESS_H

#include <sys/socket.h>

#include "base/base.h"

struct media_address {
    uint8_t family;    /* 4 or 6; 0: none */
    uint16_t port;     /* host order */
    uint8_t bytes[16]; /* IPv4: the first four, zeros behind them */
};

/* Family and bytes from numeric text without brackets; the port stays. False: host is anything
 * else, *out is then left alone. */
bool media_address_parse(struct media_address *out, struct view host);
/* "192.0.2.1" or "2001:db8::1"; nothing without a family. */
void media_address_text(const struct media_address *a, struct text *out);
/* The same family and bytes; media_address_same: the same port, too. */
bool media_address_same_host(const struct media_address *a, const struct media_address *b);
bool media_address_same(const struct media_address *a, const struct media_address *b);
/* 0.0.0.0 or ::, by which RFC 2543 puts on hold. */
bool media_address_is_any(const struct media_address *a);
/* 127/8 or ::1. */
bool media_address_is_loopback(const struct media_address *a);
/* One that means another host elsewhere: RFC 1918, 100.64/10 (RFC 6598), 169.254/16, 127/8,
 * fc00::/7, fe80::/10, ::1. */
bool media_address_is_private(const struct media_address *a);
/* One of many hosts: multicast, or the broadcast of all networks. */
bool media_address_is_group(const struct media_address *a);
/* Address and port of a socket address; of other families than IP: none. */
void media_address_set(struct media_address *out, const struct sockaddr *from);
/* a as a socket address; returns its length, 0 without a family. */
socklen_t media_address_sockaddr(const struct media_address *a, struct sockaddr_storage *out);

#endif
