/* The sockets that the parent opens before anybody gives up rights. */
#ifndef OFFHOOK_SERVER_LISTENER_H
#define OFFHOOK_SERVER_LISTENER_H

#include "server/config.h"

#define LISTENER_ERROR 800 /* bytes of a text for people */

/* Opens one bound descriptor per entry of config->listens into the malloc'ed array *out, and with
 * several workers as many again for each further one (SO_REUSEPORT), -1 for those of UDP, which all
 * share one; entries of a default listen that the host cannot have (no IPv6) are dropped from
 * config. */
enum error listeners_open(int **out, struct config *config, char error[LISTENER_ERROR]);
void listeners_close(int *listeners, size_t count);
/* How many descriptors that are. */
size_t listeners_count(const struct config *config);

/* ERR_BUSY when a daemon answers on the control socket. */
enum error control_probe(const char *path, char error[LISTENER_ERROR]);
/* Makes the folder when missing and the listening socket, which anybody may connect to. */
enum error control_open(int *out, const char *path, char error[LISTENER_ERROR]);
/* Makes the folder of the database when missing, for uid and gid alone. */
enum error database_folder(const char *path, uid_t uid, gid_t gid, char error[LISTENER_ERROR]);

#endif
