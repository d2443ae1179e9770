/* Networks and the sources that requests are counted for: an IPv4 address, an IPv6 /64 (whoever has
 * one address of it has them all). */
#ifndef OFFHOOK_AUTH_NETWORK_H
#define OFFHOOK_AUTH_NETWORK_H

#include "base/base.h"

#define NETWORK_TEXT_MAX 64
#define NETWORK_SITE     64 /* bits of an IPv6 address that tell one peer from another */

/* Bytes alone, so that it can be hashed and compared as such. */
struct network {
    uint8_t family, prefix; /* 4 or 6; bits that count */
    uint8_t address[16];    /* zeros behind the prefix */
};

/* The network of address with this many bits; more than the family has are all. */
struct network network_of(uint8_t family, const uint8_t address[16], unsigned prefix);
/* Whom a packet from address counts for. */
static inline struct network network_source(uint8_t family, const uint8_t address[16])
{
    return network_of(family, address, family == 6 ? NETWORK_SITE : 32);
}
/* Reads "192.0.2.0/24", "2001:db8::/32", or an address alone (all its bits). False when it is
 * neither, or has bits behind its prefix. */
bool network_parse(struct network *out, struct view text);
/* The same text again, NUL-ended; without the prefix when all bits count. */
const char *network_text(const struct network *n, char out[NETWORK_TEXT_MAX]);
/* Does inner lie in n? */
bool network_holds(const struct network *n, const struct network *inner);
static inline bool network_same(const struct network *a, const struct network *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}
static inline uint64_t network_hash(const struct network *n)
{
    return hash_view((struct view){(const char *)n, sizeof(*n)});
}

#endif
