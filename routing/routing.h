/* The face of routing/: the number plan and where users are. Knows nothing of transactions. */
#ifndef OFFHOOK_ROUTING_ROUTING_H
#define OFFHOOK_ROUTING_ROUTING_H

#include "routing/explain.h"
#include "routing/forwarding.h"
#include "routing/gateway.h"
#include "routing/location.h"
#include "routing/plan.h"
#include "routing/prefix.h"

#endif
