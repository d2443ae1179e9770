/* Passwords of gateways: sealed in the store, in plain only inside the keeper and only while they
 * are needed. Private to db/. */
#ifndef OFFHOOK_DB_GATEWAY_H
#define OFFHOOK_DB_GATEWAY_H

#include "db/request.h"
#include "db/seal.h"

#define GATEWAY_SEALED_MAX (TEXT_MAX + SEAL_EXTRA)

enum gateway_password {
    GATEWAY_PASSWORD_NONE,
    GATEWAY_PASSWORD_SET,
    GATEWAY_PASSWORD_LOST /* sealed under a key that is no longer there */
};

/* Seals password, of at most TEXT_MAX bytes, for the gateway called name; *n bytes. The key is made
 * when there is none. ERR_SYSTEM, ERR_STORE with a text in s. */
enum error gateway_seal(struct store *s, struct view name, struct view password,
                        uint8_t out[GATEWAY_SEALED_MAX], size_t *n);
/* The password into out, *n bytes, to be wiped by the caller. ERR_NOT_FOUND: it has none;
 * ERR_DENIED: it is lost; else the key could not be read, with a text in s. */
enum error gateway_unseal(struct store *s, const struct store_gateway *gateway, char out[TEXT_MAX],
                          size_t *n);
/* Is there a password, and can it be read? */
enum gateway_password gateway_password_state(struct store *s, const struct store_gateway *gateway);

#endif
