/* Keeping the way to phones behind NATs open, and noticing when it is gone: an OPTIONS over UDP, a
 * CRLF over a connection (RFC 5626 3.5.1), every 25 s to each binding that is reached by the way it
 * came. */
#ifndef OFFHOOK_SERVER_KEEPALIVE_H
#define OFFHOOK_SERVER_KEEPALIVE_H

#include "server/worker.h"

/* Watches the bindings of w->location from now on. ERR_MEMORY. */
enum error keepalives_new(struct worker *w);
void keepalives_free(struct worker *w);
/* Is m the answer to one of our OPTIONS? Then it is dealt with. */
bool keepalive_answered(struct worker *w, const struct sip_message *m);
/* Was a phone there that answers no more (its binding is marked unreachable)? */
bool keepalive_is_dead(const struct worker *w, const struct sip_flow *flow);

#endif
