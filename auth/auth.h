/* The face of auth/: digest challenge and check, nonces. Knows nothing of transports and SQL. */
#ifndef OFFHOOK_AUTH_AUTH_H
#define OFFHOOK_AUTH_AUTH_H

#include "auth/challenge.h"
#include "auth/claim.h"
#include "auth/credential.h"
#include "auth/digest.h"
#include "auth/nonce.h"

#endif
