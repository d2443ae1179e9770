/* The parent: opens every file and socket, starts the roles, restarts them when they die. */
#ifndef OFFHOOK_SERVER_PARENT_H
#define OFFHOOK_SERVER_PARENT_H

#include "server/config.h"

/* Runs the daemon in the foreground until SIGTERM or SIGINT; exit status. path: the configuration
 * file, NULL for the default one. One line on stderr and 1 when it cannot start. */
int parent_run(const char *path);

#endif
