/* The face of auth/: digest challenge and check, nonces, the guard and its bans. Knows nothing of
 * transports and SQL. */
#ifndef OFFHOOK_AUTH_AUTH_H
#define OFFHOOK_AUTH_AUTH_H

#include "auth/ban.h"
#include "auth/challenge.h"
#include "auth/claim.h"
#include "auth/credential.h"
#include "auth/digest.h"
#include "auth/guard.h"
#include "auth/nonce.h"

#endif
