/* What a person reads in the log at level info: registrations, calls and refusals, a line each;
 * what a source is refused is told once in ten seconds. Never a credential. */
#ifndef OFFHOOK_SERVER_NOTICE_H
#define OFFHOOK_SERVER_NOTICE_H

#include "server/worker.h"

/* A binding that is new, or is removed (expires 0); a refresh is no news. Before it is applied. */
void notice_binding(const struct worker *w, const struct store_binding *row,
                    const struct sip_flow *from);
/* r was refused; `why` is a phrase. */
void notice_refusal(const struct request *r, const char *why);
/* The final answer to an INVITE as it goes upstream. */
void notice_call(struct view response);
/* A BYE inside a call. */
void notice_end(const struct request *bye);

#endif
