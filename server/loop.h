/* Loops (RFC 5393): a request that comes back as it left would go round for ever. */
#ifndef OFFHOOK_SERVER_LOOP_H
#define OFFHOOK_SERVER_LOOP_H

#include "server/worker.h"

/* A hash of what decides where m goes; it travels in the branch of our Via. */
uint32_t loop_hash(const struct worker *w, const struct sip_message *m);
/* Has m passed here before, just as it is now? */
bool loop_found(const struct worker *w, const struct sip_message *m);

#endif
