/* Nonces that are recognised without having been stored: time, salt and a keyed MAC in 32 hex
 * digits, bound to the source address. Those with qop count in a replay window, which is kept for
 * the last ones made; they are known again from another address, so that a client that moved need
 * not ask its user for the password. */
#ifndef OFFHOOK_AUTH_NONCE_H
#define OFFHOOK_AUTH_NONCE_H

#include "base/base.h"

#define NONCE_TEXT 32 /* a 7960 takes no more */

enum nonce_state {
    NONCE_GOOD,
    NONCE_STALE,  /* ours, but too old, its count was used, or (qop) it was for another address:
                     challenge with stale=true */
    NONCE_FOREIGN /* never made by us, or (without qop) for another address */
};

struct nonces;

/* What came of the request that a nonce has proven last. */
struct nonce_outcome {
    uint64_t mark;    /* tells that request; not 0 */
    int64_t second;   /* wall clock: when it was worked out */
    uint32_t granted; /* s, to a REGISTER; 0: nothing was registered */
};

/* key: 16 secret bytes, the same after a restart; lifetime in seconds. ERR_MEMORY. */
enum error nonces_new(struct nonces **out, const uint8_t key[16], unsigned lifetime);
void nonces_free(struct nonces *n);
/* If the lifetime changes, nonces for qop of an earlier life of ours are stale from now on. */
void nonces_set_lifetime(struct nonces *n, unsigned lifetime);
/* Writes a new nonce. source: the peer's address. */
void nonce_make(struct nonces *n, bool qop, const uint8_t source[16], char out[NONCE_TEXT]);
/* Judges a nonce. nc: the count of a client with qop, 0 for one without. */
enum nonce_state nonce_check(struct nonces *n, struct view nonce, uint32_t nc,
                             const uint8_t source[16]);
/* Uses up the count after the response was proven. False: somebody was faster, or it is not known
 * any more whether somebody was. */
bool nonce_use(struct nonces *n, struct view nonce, uint32_t nc);
/* Keeps the outcome of a request with this nonce, which was good, until the next one's. */
void nonce_keep(struct nonces *n, struct view nonce, const struct nonce_outcome *outcome);
/* What came of the request with this mark. False: it is not known (any more). */
bool nonce_kept(const struct nonces *n, struct view nonce, uint64_t mark,
                struct nonce_outcome *out);

#endif
