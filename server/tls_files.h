/* The files behind tls { }: read by the parent, handed to the sip role in one sealed memfd. */
#ifndef OFFHOOK_SERVER_TLS_FILES_H
#define OFFHOOK_SERVER_TLS_FILES_H

#include "server/config.h"
#include "sip/tls.h"

#define TLS_FILES_ERROR 300 /* bytes of a text for people */

/* Parent: copies the contents of certificate, key and ca into a sealed memfd *out, and keeps none
 * of them. ERR_SYSTEM, ERR_LIMIT (a file over 1 MB): error names the file. */
enum error tls_files_seal(int *out, const struct config *c, char error[TLS_FILES_ERROR]);
/* Sip role: makes TLS of what fd holds; fd stays the caller's. ERR_SYSTEM, ERR_MEMORY, ERR_SYNTAX:
 * error names the file and what is wrong. */
enum error tls_files_open(struct tls **out, int fd, const struct config *c, char error[TLS_ERROR]);
/* Would the two succeed? */
enum error tls_files_check(const struct config *c, char error[TLS_FILES_ERROR]);

#endif
