/* The number plan: which hosts are ours, and whom a URI means here. */
#ifndef OFFHOOK_ROUTING_PLAN_H
#define OFFHOOK_ROUTING_PLAN_H

#include "routing/gateway.h"
#include "routing/location.h"

#define ALIASES_MAX 5 /* an alias of an alias of ...: more is taken for a loop */

struct plan {
    char *const *domains; /* lower case; the first is the default one */
    size_t domain_count;
    const struct transport *transport; /* knows this host's addresses */
    const struct gateways *gateways;
    char *const *emergency; /* numbers as people write them */
    size_t emergency_count;
};

enum target_kind {
    TARGET_USER,    /* user is filled in */
    TARGET_URI,     /* an alias leads to `uri`, outside */
    TARGET_UNKNOWN, /* our domain, nobody by that number */
    TARGET_ROUTE,   /* our domain, nobody by that `number`, but a route fits it (route_find) */
    TARGET_SELF,    /* this server itself: no user part */
    TARGET_FOREIGN, /* another domain */
};

struct target {
    enum target_kind kind;
    struct user *user;
    struct view domain;      /* ours, canonical */
    struct view uri;         /* TARGET_URI: valid while the alias lives */
    bool emergency;          /* one of plan.emergency was dialled, or an alias of one */
    bool aliased;            /* an alias led here */
    char number[NUMBER_MAX]; /* TARGET_ROUTE: what was dialled, canonical */
};

/* The served domain that host stands for, in its canonical spelling: a domain itself, or, for a
 * numeric address or name of this host, the default one. VIEW_NONE: not ours. */
struct view plan_domain(const struct plan *p, struct view host, uint16_t port);
/* Whom uri means. Numbers: with user=phone or tel: visual separators do not count; without, the
 * user is compared exactly, then as a number if it looks like one. */
struct target plan_resolve(const struct plan *p, const struct location *l, const struct uri *uri);
/* One step of plan_resolve. True: an alias leads on to *uri, whose text is out->uri. False: *out is
 * where it ends. */
bool plan_step(struct target *out, const struct plan *p, const struct location *l, struct uri *uri);
/* What the target of an alias or a forward says: a whole URI, or a number in domain; the views are
 * those of the arguments. False: it is no URI. */
bool plan_target(struct uri *out, struct view target, struct view domain);
/* Does only who has proven himself get there? */
bool target_takes_proof(const struct target *t);
/* The forward that takes a call before any phone rings: always, or unreachable when no phone is
 * registered; NULL. Calls to an emergency number stay. */
const struct forward *target_forward_first(const struct target *t);
/* The forward for this outcome of the ringing; NULL. */
const struct forward *target_forward(const struct target *t, enum forward_kind kind);
/* The user that uri names, without following aliases; NULL. */
struct user *plan_user(const struct plan *p, const struct location *l, const struct uri *uri);
/* Is it one of plan.emergency, in our domain? Without following aliases. */
bool plan_is_emergency(const struct plan *p, const struct uri *uri);

#endif
