/* The list of system calls that a role may make; private to the sandbox. */
#ifndef OFFHOOK_SERVER_SECCOMP_H
#define OFFHOOK_SERVER_SECCOMP_H

#include "server/role.h"

/* Permits this process the calls of role and no other, for good: any other kills it (SIGSYS). Needs
 * no_new_privs. */
enum error seccomp_enter(enum role role, bool threads, char error[256]);

#endif
