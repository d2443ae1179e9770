/* A claim: what somebody's Authorization says, cut out of the message so that it can be checked by
 * the process that holds the hashes. */
#ifndef OFFHOOK_AUTH_CLAIM_H
#define OFFHOOK_AUTH_CLAIM_H

#include "auth/credential.h"

#define CLAIM_RESPONSE (2 * DIGEST_SIZE_MAX + 1) /* bytes of a response, with its NUL */

struct claim {
    enum digest_algorithm algorithm;
    struct view username, realm, nonce, uri, response; /* as received, without quotes */
    struct view qop, cnonce, nc;                       /* empty without qop */
    struct view method;
    struct view domain; /* where the user is looked up: the served domain, lower case */
};

/* The user's name to look up: the username, or the user part when it is a whole URI. */
struct view claim_user(const struct claim *c);
/* Does the response prove the password behind set? set NULL (no such user) takes the same time and
 * says no (RFC 7616 3.4.1). */
bool claim_verify(const struct claim *c, const struct credential_set *set);
/* The response to somebody's challenge that proves password: hex with a NUL into out. The claim's
 * response is not looked at. ERR_SYSTEM when OpenSSL refuses. */
enum error claim_respond(char out[CLAIM_RESPONSE], const struct claim *c, struct view password);
void claim_pack(struct pack *k, const struct claim *c);
void claim_unpack(struct claim *c, struct view *from, bool *bad);

#endif
