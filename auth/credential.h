/* What is kept of a password: hashes only (HA1 of RFC 7616), one per algorithm, for each form of
 * the username that phones put into their answer. */
#ifndef OFFHOOK_AUTH_CREDENTIAL_H
#define OFFHOOK_AUTH_CREDENTIAL_H

#include "base/base.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_SHA512_256, DIGEST_ALGORITHMS };

#define DIGEST_SIZE_MAX 32

/* Forms of the digest username: the auth name; the number; the address-of-record as URI without
 * and with port 5060 (old images send the whole URI, and hash it so). */
enum credential_form {
    CREDENTIAL_AUTH_NAME,
    CREDENTIAL_NUMBER,
    CREDENTIAL_URI,
    CREDENTIAL_URI_PORT,
    CREDENTIAL_FORMS
};

struct credential_set {
    struct view auth_name; /* "" when it is the number */
    struct view realm;     /* the realm all hashes were made for */
    /* ha1[form][algorithm]; the URI forms exist for MD5 only (DIGEST_MD5). When auth_name is the
     * number, CREDENTIAL_AUTH_NAME and CREDENTIAL_NUMBER are equal. */
    uint8_t ha1[CREDENTIAL_FORMS][DIGEST_ALGORITHMS][DIGEST_SIZE_MAX];
};

/* Bytes of a packed set of hashes as it is stored: 2 x (16 + 32 + 32) + 2 x 16. */
#define CREDENTIAL_PACKED 192

/* Makes every hash for the user from the password. auth_name empty: the number. The views of the
 * set point at the arguments. ERR_SYSTEM when OpenSSL refuses. */
enum error credential_make(struct credential_set *out, struct view number, struct view domain,
                           struct view auth_name, struct view realm, struct view password);
void credential_pack(const struct credential_set *set, uint8_t out[CREDENTIAL_PACKED]);
void credential_unpack(struct credential_set *set, const uint8_t in[CREDENTIAL_PACKED]);

#endif
