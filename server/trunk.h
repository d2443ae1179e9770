/* Trunks: what we do at gateways by ourselves. Each is asked by OPTIONS whether it answers; at
 * those that want it we register. Their addresses are known by it: who calls from there is no
 * stranger. */
#ifndef OFFHOOK_SERVER_TRUNK_H
#define OFFHOOK_SERVER_TRUNK_H

#include "server/worker.h"

/* The gateways have changed: new ones get a trunk, those that are gone lose theirs. */
void trunks_update(struct worker *w);
void trunks_free(struct worker *w);
/* The gateway that has this address, and speaks to us by this transport; NULL. */
struct gateway *trunk_source(const struct worker *w, const struct sip_flow *from);

#endif
