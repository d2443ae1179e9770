/* Where a binding is reached. */
#ifndef OFFHOOK_SERVER_REACH_H
#define OFFHOOK_SERVER_REACH_H

#include "server/context.h"

/* The way to b: the flow that it was registered with; a phone whose connection is gone is called at
 * its Contact, unless a NAT stands before it. False: it cannot be reached now. */
bool reach_binding(const struct worker *w, const struct binding *b, struct hop *hop);
/* The user has proven to send r. When it comes from a phone of his that stands behind a NAT, by
 * another way than the phone has registered, the NAT has changed its mind: the new way counts. */
void reach_follow(struct worker *w, const struct request *r);

#endif
