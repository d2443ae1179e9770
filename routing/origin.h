/* Origins: how many bindings there are from each source (auth/network.h). Private to routing/. */
#ifndef OFFHOOK_ROUTING_ORIGIN_H
#define OFFHOOK_ROUTING_ORIGIN_H

#include "auth/network.h"
#include "sip/flow.h"

/* One binding more, or less, that is reached along flow (family 0: nothing is counted). Without
 * memory it is not counted. */
void origin_add(struct table *origins, const struct sip_flow *flow);
void origin_remove(struct table *origins, const struct sip_flow *flow);
size_t origin_count(const struct table *origins, const struct network *source);
/* Frees all of them and the table. */
void origins_free(struct table *origins);

#endif
