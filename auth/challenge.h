/* Challenges: what is asked of whom (RFC 7616, 8760), and reading the answer out of a header. */
#ifndef OFFHOOK_AUTH_CHALLENGE_H
#define OFFHOOK_AUTH_CHALLENGE_H

#include "auth/claim.h"
#include "auth/nonce.h"

struct challenge_policy {
    struct view realm;
    bool offered[DIGEST_ALGORITHMS];
    bool qop;
};

/* Writes one header line per algorithm, the strongest first, all with the nonce, which was made for
 * policy's qop. proxy: Proxy-Authenticate (407). */
void challenge_write(struct text *out, const struct challenge_policy *policy, struct view nonce,
                     bool proxy, bool stale);

/* A challenge that somebody else made; its views point into the header's value. */
struct challenge {
    enum digest_algorithm algorithm;
    struct view realm, nonce, opaque;
    bool qop;   /* "auth" is offered */
    bool stale; /* only the nonce was too old */
};

/* Reads the value of a WWW- or Proxy-Authenticate header. False: not digest, or of a kind that is
 * not known here (-sess, auth-int alone). */
bool challenge_read(struct challenge *out, struct view value);
/* Writes the header line `name` that answers c; claim has nc, cnonce and uri. */
void challenge_answer(struct text *out, const char *name, const struct challenge *c,
                      const struct claim *claim, struct view username, struct view response);

enum answer_state {
    ANSWER_FOR_US,  /* claim and nc are filled in */
    ANSWER_FOREIGN, /* another realm's, or another scheme */
    ANSWER_BROKEN   /* for our realm, but not usable: unknown algorithm, a field is missing */
};

/* Reads the value of an Authorization or Proxy-Authorization header. The claim's views point into
 * value; its method and domain are the caller's to fill in. *nc is 0 without qop. */
enum answer_state answer_parse(struct claim *claim, uint32_t *nc, struct view value,
                               struct view realm);

#endif
