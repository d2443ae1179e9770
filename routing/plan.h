/* The number plan: which hosts are ours, and whom a URI means here. */
#ifndef OFFHOOK_ROUTING_PLAN_H
#define OFFHOOK_ROUTING_PLAN_H

#include "routing/location.h"

struct plan {
    char *const *domains; /* lower case; the first is the default one */
    size_t domain_count;
    const struct transport *transport; /* knows this host's addresses */
};

enum target_kind {
    TARGET_USER,    /* user is filled in */
    TARGET_URI,     /* an alias leads to `uri`, outside */
    TARGET_UNKNOWN, /* our domain, nobody by that number */
    TARGET_SELF,    /* this server itself: no user part */
    TARGET_FOREIGN, /* another domain */
};

struct target {
    enum target_kind kind;
    struct user *user;
    struct view domain; /* ours, canonical */
    struct view uri;    /* TARGET_URI: valid while the alias lives */
};

/* The served domain that host stands for, in its canonical spelling: a domain itself, or, for a
 * numeric address or name of this host, the default one. VIEW_NONE: not ours. */
struct view plan_domain(const struct plan *p, struct view host, uint16_t port);
/* Whom uri means. Numbers: with user=phone or tel: visual separators do not count; without, the
 * user is compared exactly, then as a number if it looks like one. */
struct target plan_resolve(const struct plan *p, const struct location *l, const struct uri *uri);
/* The user that uri names, without following aliases; NULL. */
struct user *plan_user(const struct plan *p, const struct location *l, const struct uri *uri);

#endif
