/* Connections under TLS. Private to sip/. */
#ifndef OFFHOOK_SIP_TLS_STREAM_H
#define OFFHOOK_SIP_TLS_STREAM_H

#include <openssl/ssl.h>

#include "sip/tls.h"

struct bufferevent;
struct event_base;

struct tls {
    SSL_CTX *server, *client;
};

/* A stream over fd, which it closes at its end, that waits for a handshake; NULL without memory. */
struct bufferevent *tls_accept(const struct tls *tls, struct event_base *base, int fd);
/* The same for a socket that is being connected, to whoever shows a certificate for host (a name or
 * a numeric address), which has to outlive the stream. */
struct bufferevent *tls_connect(const struct tls *tls, struct event_base *base, int fd,
                                const char *host);
/* Has the peer of a stream that is open shown a certificate for host? */
bool tls_peer_is(struct bufferevent *io, const char *host);
/* Why a handshake failed. */
const char *tls_failure(struct bufferevent *io);

/* tls_name.c */
/* Does the certificate speak for host: a SIP domain (RFC 5922 7: SAN URI and DNS, the common name
 * only without a SAN), or a numeric address (SAN IP)? */
bool tls_name_fits(X509 *certificate, const char *host);

#endif
