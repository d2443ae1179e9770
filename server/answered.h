/* REGISTERs that have had their 200. Over UDP each has to be answered again for 32 s (RFC 3261
 * 17.2.2, timer J); instead of 32 s of transactions a few bytes are kept, and the answer is written
 * anew from what is registered. */
#ifndef OFFHOOK_SERVER_ANSWERED_H
#define OFFHOOK_SERVER_ANSWERED_H

#include "server/worker.h"

/* What a REGISTER came to. */
struct outcome {
    unsigned granted; /* s, of the last Contact; 0: none was registered */
    int64_t second;   /* wall clock: when it was worked out */
};

enum error answered_new(struct worker *w);
void answered_free(struct worker *w);
/* The mark of this transaction with these credentials and this To, from this very source: nobody
 * who has not seen them can ask for its answer. */
struct hash128 answered_mark(const struct request *r);
/* Keeps the outcome under its mark. Without memory the phone is challenged again. */
void answered_put(struct worker *w, struct hash128 mark, const struct outcome *outcome);
bool answered_find(struct worker *w, struct hash128 mark, struct outcome *out);

#endif
