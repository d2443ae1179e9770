/* REGISTERs that have had their 200. Over UDP each has to be answered again for 32 s (RFC 3261
 * 17.2.2, timer J); instead of 32 s of transactions a few bytes are kept with its nonce, and the
 * answer is written anew from what is registered. */
#ifndef OFFHOOK_SERVER_ANSWERED_H
#define OFFHOOK_SERVER_ANSWERED_H

#include "server/worker.h"

/* The mark of this transaction with these credentials and this To, from this very source: nobody
 * who has not seen them can ask for its answer. */
uint64_t answered_mark(const struct request *r);
/* What came of the request with this nonce and this mark, if it was answered lately. */
bool answered_find(const struct worker *w, struct view nonce, uint64_t mark,
                   struct nonce_outcome *out);

#endif
