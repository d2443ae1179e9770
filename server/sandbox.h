/* The sandbox of a role: account, empty root, no capabilities, a list of permitted system calls. */
#ifndef OFFHOOK_SERVER_SANDBOX_H
#define OFFHOOK_SERVER_SANDBOX_H

#include "server/role.h"

/* Will sandbox_enter change the root folder? To be asked before it. */
bool sandbox_chroots(const struct config *config);
/* Closes the sandbox of role around this process, for good: chroot (keeper: the folder of its
 * database), setgroups/setgid/setuid to the account, capabilities dropped, no_new_privs,
 * PR_SET_DUMPABLE 0, RLIMITs, seccomp with kill as the answer. Started as an ordinary user it does
 * what it can without privileges. With `sandbox = off` only the account changes. */
enum error sandbox_enter(enum role role, const struct config *config, char error[256]);

#endif
