/* URIs, as far as a proxy looks into them. libosip2 is the grammar; the user part is taken from the
 * received bytes (libosip2 cuts it at %00). */
#ifndef OFFHOOK_SIP_URI_H
#define OFFHOOK_SIP_URI_H

#include "sip/number.h"

enum uri_scheme { URI_SIP, URI_SIPS, URI_TEL, URI_OTHER };

struct uri {
    enum uri_scheme scheme;
    struct view user; /* escapes still in; of tel: the number */
    bool has_user;
    struct view host;      /* IPv6 without brackets */
    uint16_t port;         /* 0: none */
    struct view transport; /* of ;transport=, or empty */
    struct view gr;        /* of ;gr= (RFC 5627), or empty */
    bool user_phone, lr, has_gr, has_headers;
};

/* The parser's scratch memory; one per process (thread), set up first. ERR_MEMORY. */
enum error uri_init(void);
/* Parses text; views point into it. ERR_SYNTAX, ERR_LIMIT (over 1 KB). A scheme that is not sip,
 * sips or tel is URI_OTHER, with no further parts. */
enum error uri_parse(struct uri *out, struct view text);
/* The user part with its escapes undone. ERR_SYNTAX: empty, or %00; ERR_LIMIT. */
enum error uri_user_decode(const struct uri *u, char out[NUMBER_MAX]);
/* Are a and b the same by RFC 3261 19.1.4, as far as Contacts need it: scheme, user, host, port,
 * transport? Byte-equal texts always are. */
bool uri_same(struct view a, struct view b);

#endif
