/* Message digests by OpenSSL, fetched once and reused. */
#ifndef OFFHOOK_AUTH_DIGEST_H
#define OFFHOOK_AUTH_DIGEST_H

#include "auth/credential.h"

/* "MD5", "SHA-256", "SHA-512-256". */
const char *digest_name(enum digest_algorithm a);
/* By name, any case; an empty name is MD5 (RFC 7616 3.4). False for others. */
bool digest_parse(struct view name, enum digest_algorithm *out);
size_t digest_size(enum digest_algorithm a);
/* Hashes the views with ':' between them. ERR_SYSTEM when OpenSSL refuses the algorithm. */
enum error digest_join(enum digest_algorithm a, const struct view *parts, size_t count,
                       uint8_t out[DIGEST_SIZE_MAX]);

#endif
