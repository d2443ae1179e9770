/* A change: one fact of the store as it is told to the sip role, at start in bulk and later one by
 * one. Packed with base/pack.h: u8 kind, then the fields. */
#ifndef OFFHOOK_DB_CHANGE_H
#define OFFHOOK_DB_CHANGE_H

#include "db/store.h"

enum change_kind {
    CHANGE_USER = 1,      /* number, domain, name: exists (now) */
    CHANGE_USER_GONE,     /* number, domain */
    CHANGE_ALIAS,         /* number, domain, target */
    CHANGE_ALIAS_GONE,    /* number, domain */
    CHANGE_BINDING,       /* a binding row; expires in the past: gone */
    CHANGE_BINDINGS_GONE, /* number, domain: all bindings of the address-of-record */
    CHANGE_FORWARD,       /* a forward of a user */
    CHANGE_FORWARD_GONE,  /* number, domain, kind */
    CHANGE_GATEWAY,       /* a gateway, without its password */
    CHANGE_GATEWAY_GONE,  /* name */
    CHANGE_ROUTE,         /* a route */
    CHANGE_ROUTE_GONE,    /* prefix */
    CHANGE_USER_LIMIT,    /* number, domain, max_calls */
    CHANGE_BAN,           /* a ban */
    CHANGE_BAN_GONE,      /* a ban: its network */
    CHANGE_USER_AUDIO,    /* number, domain, audio */
    CHANGE_LAST = CHANGE_USER_AUDIO
};

struct change {
    enum change_kind kind;
    struct view number, domain;
    struct view text;             /* CHANGE_USER: display name; CHANGE_ALIAS: target */
    uint32_t max_calls;           /* CHANGE_USER_LIMIT; 0: none */
    enum audio_way audio;         /* CHANGE_USER_AUDIO */
    struct store_binding binding; /* CHANGE_BINDING (number and domain inside) */
    struct store_forward forward; /* CHANGE_FORWARD, CHANGE_FORWARD_GONE (the same) */
    struct store_gateway gateway; /* CHANGE_GATEWAY, CHANGE_GATEWAY_GONE */
    struct store_route route;     /* CHANGE_ROUTE, CHANGE_ROUTE_GONE */
    struct store_ban ban;         /* CHANGE_BAN, CHANGE_BAN_GONE */
};

void change_pack(struct pack *k, const struct change *c);
/* Takes one change off the front of *from; false at a malformed one. */
bool change_unpack(struct change *c, struct view *from);
/* A binding alone; the database keeps these bytes too, so a change to them is a migration. */
void binding_pack(struct pack *k, const struct store_binding *b);
void binding_unpack(struct store_binding *b, struct view *from, bool *bad);

#endif
