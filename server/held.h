/* Refusals that are held back, so that who guesses has to wait: no transaction, a bounded number of
 * them, and a repeated request finds the one that waits for it. */
#ifndef OFFHOOK_SERVER_HELD_H
#define OFFHOOK_SERVER_HELD_H

#include "server/worker.h"

#define HELD_MAX 512

/* ERR_MEMORY. */
enum error held_new(struct worker *w);
void held_free(struct worker *w);
/* Challenges r (copied) again after `ms`. False: too many wait, or there is no memory. */
bool held_put(struct worker *w, const struct request *r, uint64_t ms);
/* Does the refusal of this very request wait? */
bool held_waits(const struct worker *w, struct hash128 key);

#endif
