/* The topmost Via: where answers go (RFC 3261 18.2.2, RFC 3581) and which transaction this is. */
#ifndef OFFHOOK_SIP_VIA_H
#define OFFHOOK_SIP_VIA_H

#include "sip/header.h"

struct via {
    struct view value;     /* the whole value in the received bytes */
    struct view transport; /* "UDP" */
    struct view host;      /* IPv6 with its brackets */
    uint16_t port;         /* 0: none given */
    struct view branch;    /* empty: none (RFC 2543) */
    bool magic;            /* branch begins with z9hG4bK and goes on */
    bool rport;            /* ";rport" without a value */
    struct view rport_at;  /* that parameter's text */
    struct view received;
    struct view received_at; /* its text */
};

/* Parses one Via value. ERR_SYNTAX. */
enum error via_parse(struct via *out, struct view value);
/* The port that answers without rport go to: the one given, or the transport's default. */
uint16_t via_port(const struct via *v);

#endif
