/* Location: users, aliases, forwards and bindings in memory, fed by changes from the keeper. */
#ifndef OFFHOOK_ROUTING_LOCATION_H
#define OFFHOOK_ROUTING_LOCATION_H

#include "auth/network.h"
#include "db/change.h"
#include "routing/forwarding.h"
#include "sip/sip.h"

struct location;

/* An address-of-record that exists. `busy` is the registrar's: what it is doing for it. */
struct user {
    struct table_node node;
    struct binding *bindings; /* newest first */
    struct forwarding forwarding;
    uint32_t max_calls; /* at a time; 0: no limit */
    bool gone;          /* removed, but busy: nobody finds it any more */
    uint8_t audio;      /* enum audio_way */
    uint8_t number_size;
    const char *domain; /* interned, NUL-ended */
    char *name;         /* display text; NULL: none */
    void *busy;
    char number[];
};

/* One Contact of a user, RFC 3261 section 10. */
struct binding {
    struct binding *next;
    struct user *user;
    struct location *owner;
    struct timer expiry;
    int64_t expires; /* wall clock, s */
    uint32_t cseq;
    uint32_t reg_id; /* RFC 5626; 0: not outbound */
    void *watch;     /* the watcher's */
    uint16_t q;      /* thousandths */
    uint16_t contact_size, call_id_size, path_size, instance_size;
    uint8_t flow_size;
    bool nat;         /* it is reached by the way it came, not at its Contact */
    bool unreachable; /* does not answer any more; until the next REGISTER or answer */
    bool cisco79;     /* its user agent is a Cisco 79xx phone */
    char bytes[];     /* contact, call-id, path, instance, packed flow */
};

/* Who wants to know of bindings. */
struct location_watch {
    void (*bound)(void *arg, struct binding *b);   /* new, or refreshed */
    void (*unbound)(void *arg, struct binding *b); /* about to be freed */
    void *arg;
};

struct location_counts {
    size_t users, aliases, bindings;
};

/* wheel has to outlive it. ERR_MEMORY. */
enum error location_new(struct location **out, struct wheel *wheel);
void location_free(struct location *l);
/* At most one; to be set before the first binding. */
void location_watch(struct location *l, const struct location_watch *watch);
/* Forgets everything; a user that is busy goes when it is released. */
void location_clear(struct location *l);
/* Ends the busy state of u, which may be gone after the call. */
void location_release(struct location *l, struct user *u);
/* Takes over one fact. ERR_MEMORY, ERR_NOT_FOUND (a binding or forward of nobody),
 * ERR_SYNTAX (a change of something else). */
enum error location_apply(struct location *l, const struct change *change);
/* Takes over a binding of u. ERR_MEMORY. */
enum error location_bind(struct location *l, struct user *u, const struct store_binding *row);
/* The user called number (canonical) in domain (lower case); NULL. */
struct user *location_user(const struct location *l, struct view number, struct view domain);
/* The target of an alias; VIEW_NONE. */
struct view location_alias(const struct location *l, struct view number, struct view domain);
struct location_counts location_counts(const struct location *l);
/* How many bindings there are from this source. */
size_t location_bound(const struct location *l, const struct network *source);

/* Is b the binding that row means? By the Contact; of an outbound phone (RFC 5626 6) by its
 * instance and reg-id. */
bool binding_is(const struct binding *b, const struct store_binding *row);
/* Is it the phone that u's GRUU with this ;gr= stands for (RFC 5627 3.1)? */
bool binding_has_gruu(const struct binding *b, struct view gr);
struct view user_number(const struct user *u);
struct view user_domain(const struct user *u);
/* The display name as somebody has typed it, may be empty; lives until the next change of u. */
struct view user_name(const struct user *u);
/* The forward of u for this kind of event; NULL. Lives until the next change of u's forwards. */
const struct forward *user_forward(const struct user *u, enum forward_kind kind);
struct view binding_contact(const struct binding *b);
struct view binding_call_id(const struct binding *b);
struct view binding_path(const struct binding *b);
struct view binding_instance(const struct binding *b);
/* Where requests for this binding go; family 0 when it was stored without one. */
struct sip_flow binding_flow(const struct binding *b);
/* Its phone was met at another address, behind a NAT that has changed its mind. Not lasting: the
 * next REGISTER tells the store. False: not the same kind of address, nothing changed. */
bool binding_move(struct binding *b, const struct sip_flow *flow);

#endif
