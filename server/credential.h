/* Our own credentials at gateways: the keeper holds the passwords and works out the responses. */
#ifndef OFFHOOK_SERVER_CREDENTIAL_H
#define OFFHOOK_SERVER_CREDENTIAL_H

#include "server/worker.h"

struct credential_query;

/* line: the header line that answers the challenge; empty: there is none (no challenge that can be
 * answered, no password, no keeper). Called once, never from inside credential_ask and not after
 * credential_cancel. */
typedef void credential_done(void *user, struct view line);

/* Asks for the answer to the challenges in m, a 401 or 407 to a request `method` `uri` of ours at
 * gateway g. A handle until done is called; NULL: m holds no challenge that can be answered, or
 * there is no memory. */
struct credential_query *credential_ask(struct worker *w, const struct gateway *g,
                                        const struct sip_message *m, struct view method,
                                        struct view uri, credential_done *done, void *user);
void credential_cancel(struct credential_query *q);
/* The keeper's KEEPER_GATEWAY_RESPONSE. */
void credential_receive(struct worker *w, uint64_t id, struct view body);
/* Ends what waits, telling nobody. */
void credentials_free(struct worker *w);

#endif
