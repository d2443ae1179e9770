/* Lookups of single names: from the hosts file, from the cache, or from the name servers, where all
 * who want the same share one question. */
#ifndef OFFHOOK_SIP_DNS_LOOKUP_H
#define OFFHOOK_SIP_DNS_LOOKUP_H

#include "sip/dns_channel.h"
#include "sip/dns_hosts.h"

#define DNS_LOOKUPS_MAX 2000 /* under way */

struct dns_lookups;

/* Who waits for a lookup; lives inside its owner, zeroed. */
struct dns_waiter {
    struct dns_waiter *next, **link; /* link NULL: waits for nothing */
    /* The answer is known now. Called from inside other calls: it may not ask or free. */
    void (*done)(struct dns_waiter *w);
    void *arg;
};

struct dns_counts {
    uint64_t queries;    /* questions to name servers */
    uint64_t failures;   /* of them: no server could say */
    uint64_t timeouts;   /* of the failures: no server answered */
    uint64_t cache_hits; /* answers that were known already */
};

/* Takes over channel and hosts, also when it fails. ERR_MEMORY. */
enum error dns_lookups_new(struct dns_lookups **out, struct dns_channel *channel,
                           struct dns_hosts *hosts);
/* Who waits still is forgotten. */
void dns_lookups_free(struct dns_lookups *l);
/* What is known of name, which dns_name_set made: an answer that was true at `at` (ms of
 * clock_ms()) or came later. */
bool dns_lookups_know(const struct dns_lookups *l, const char *name, enum dns_type type,
                      uint64_t at, struct dns_answer *out);
/* Is name one of the hosts file? */
bool dns_lookups_local(const struct dns_lookups *l, const char *name);
/* Looks up what is not known; w->done comes once, perhaps from inside. ERR_MEMORY, ERR_LIMIT. */
enum error dns_lookups_wait(struct dns_lookups *l, const char *name, enum dns_type type,
                            struct dns_waiter *w);
void dns_waiter_leave(struct dns_waiter *w);
/* Begins the lookups that waited for a socket, if one came or none will. */
void dns_lookups_resume(struct dns_lookups *l);
struct dns_counts *dns_lookups_counts(struct dns_lookups *l);

#endif
