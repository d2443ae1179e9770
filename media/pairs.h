/* Pairs of our ports, an even one for RTP and the next for RTCP. The parent opens them and keeps
 * their descriptors too, so that none is ever closed while a phone may send to it; once opened they
 * are used again and again, those first that were given back first. Some wait at the sip role,
 * which can so answer a call without asking. */
#ifndef OFFHOOK_MEDIA_PAIRS_H
#define OFFHOOK_MEDIA_PAIRS_H

#include "media/address.h"

struct pair {
    struct table_node node; /* by address and port */
    struct media_address local;
    int fds[2]; /* RTP, RTCP */
    struct pair *next;
    uint64_t freed; /* ms; 0: never used */
    enum { PAIR_FREE, PAIR_STOCKED, PAIR_USED, PAIR_RETIRED } state;
};

struct pairs_handler {
    /* So many more pairs of this host address (its port is 0) are wanted from the parent. */
    void (*want)(void *arg, const struct media_address *host, unsigned count);
    /* A pair for the sip role's stock. */
    void (*stock)(void *arg, const struct pair *pair);
    /* There is none now; what is wanted comes as calls end. */
    void (*none)(void *arg, const struct media_address *host);
    void *arg;
};

struct pairs;

/* Calls are given ports from first to last; others serve those that have them already, and are
 * retired then. ERR_MEMORY. pairs_free_all closes the descriptors. */
enum error pairs_new(struct pairs **out, const struct pairs_handler *handler, uint16_t first,
                     uint16_t last);
void pairs_free_all(struct pairs *p);
/* Takes over a descriptor of the pair that begins with `local`. ERR_MEMORY. */
enum error pairs_add(struct pairs *p, const struct media_address *local, bool rtcp, int fd);
/* The parent has opened what it could; exhausted: there are no more for this host. */
void pairs_answered(struct pairs *p, const struct media_address *host, bool exhausted);
/* The sip role wants `count` more of this host. */
void pairs_wanted(struct pairs *p, const struct media_address *host, unsigned count);
/* The sip role is new: what waited there is free again, and nothing is wanted. */
void pairs_return_stock(struct pairs *p);
/* The pair that begins with `local`, for use; NULL: there is none, or it is in use. */
struct pair *pairs_use(struct pairs *p, const struct media_address *local);
/* Gives it back. */
void pairs_give_back(struct pairs *p, struct pair *pair);
/* How many there are, and of them in use. */
size_t pairs_count(const struct pairs *p, size_t *used);

#endif
