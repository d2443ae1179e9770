/* Sealing a secret that has to be had back in plain: AES-256-GCM with a random nonce (NIST SP
 * 800-38D). What it is for goes in as associated data, so that a sealed secret cannot be moved to
 * another name. Private to db/. */
#ifndef OFFHOOK_DB_SEAL_H
#define OFFHOOK_DB_SEAL_H

#include "db/store.h"

#define SEAL_EXTRA 28 /* bytes by which it grows: nonce and tag */

/* Writes secret.n + SEAL_EXTRA bytes to out. ERR_SYSTEM when OpenSSL refuses. */
enum error seal_make(uint8_t *out, const uint8_t key[STORE_KEY], struct view name,
                     struct view secret);
/* Writes sealed.n - SEAL_EXTRA bytes to out. ERR_DENIED: sealed under another key or for another
 * name, or damaged. */
enum error seal_open(char *out, const uint8_t key[STORE_KEY], struct view name, struct view sealed);

#endif
