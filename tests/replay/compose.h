/* What comes from the network: messages made of a few words, the rest by default. */
#ifndef OFFHOOK_TESTS_REPLAY_COMPOSE_H
#define OFFHOOK_TESTS_REPLAY_COMPOSE_H

#include "tests/replay/expand.h"

/* Makes and delivers the message of an `in` step. */
void compose_in(const struct step *step);
/* The line of an `in` step that begins with "credentials": an Authorization or
 * Proxy-Authorization header that answers the last challenge to peer. */
void credentials_write(struct text *out, const struct peer *peer, struct view method,
                       struct view uri, struct view line);

#endif
