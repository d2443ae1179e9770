/* Ending calls ourselves. */
#ifndef OFFHOOK_SERVER_HANGUP_H
#define OFFHOOK_SERVER_HANGUP_H

#include "server/calls.h"

/* A BYE goes to both sides of a call that stands, which is then over. Returns to how many one could
 * be sent. */
unsigned hangup_call(struct worker *w, struct call *call, enum ticket_end end);
/* m is a 2xx that cannot go on to the caller: its sender, along that flow, is told that there is no
 * call after all. t is its ticket; NULL: nothing happens. */
void hangup_answered(struct worker *w, struct ticket *t, const struct sip_message *m,
                     const struct sip_flow *callee);
/* The media role has heard nothing of that session for too long. */
void hangup_silent(struct worker *w, uint64_t session);

#endif
