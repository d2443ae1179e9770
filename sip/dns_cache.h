/* Answers of name servers that are still true, bounded in number and bytes: the oldest goes. */
#ifndef OFFHOOK_SIP_DNS_CACHE_H
#define OFFHOOK_SIP_DNS_CACHE_H

#include "sip/dns_answer.h"

#define DNS_CACHE_ENTRIES 4096
#define DNS_CACHE_BYTES   (2u << 20)

struct dns_cache;

/* ERR_MEMORY. */
enum error dns_cache_new(struct dns_cache **out);
void dns_cache_free(struct dns_cache *c);
/* Remembers an answer from clock_ms() on, for its ttl; an older one is replaced. Without memory it
 * is forgotten at once. */
void dns_cache_put(struct dns_cache *c, const char *name, enum dns_type type,
                   const struct dns_answer *answer);
/* The answer that was true at `at`, ms of clock_ms(), or came later. False: none is known. */
bool dns_cache_get(const struct dns_cache *c, const char *name, enum dns_type type, uint64_t at,
                   struct dns_answer *out);
size_t dns_cache_count(const struct dns_cache *c);

#endif
