/* TLS (RFC 3261 26.3.1): certificate, key and authorities made ready for connections of both
 * directions. TLS 1.2 and 1.3, the library's ciphers, neither renegotiation nor compression nor
 * tickets. Nothing here reads a file. */
#ifndef OFFHOOK_SIP_TLS_H
#define OFFHOOK_SIP_TLS_H

#include "base/base.h"

#define TLS_ERROR 256 /* bytes of a text for people */

struct tls;

/* The contents of a file, and what people call it. */
struct tls_file {
    struct view bytes;
    const char *name;
};

struct tls_files {
    struct tls_file certificate; /* PEM: ours, then those that lead to an authority */
    struct tls_file key;         /* PEM, without a passphrase */
    struct tls_file ca;          /* PEM: whom peers' certificates have to come from; may be empty */
};

/* Once per process, before the sandbox closes. */
void tls_library_ready(void);
/* Nothing of files is needed afterwards. verify_client: who connects has to show a certificate that
 * ca vouches for. ERR_SYNTAX: error names the file and what is wrong; ERR_MEMORY. */
enum error tls_new(struct tls **out, const struct tls_files *files, bool verify_client,
                   char error[TLS_ERROR]);
/* Another owner for the same, in this or another thread; NULL: no memory. */
struct tls *tls_share(const struct tls *tls);
/* Connections that stand live on. NULL is nothing. */
void tls_free(struct tls *tls);

#endif
