/* STUN Binding requests on a SIP port: how RFC 5626 (4.4.2, 5.4) lets phones keep their UDP flow.
 */
#ifndef OFFHOOK_SIP_STUN_H
#define OFFHOOK_SIP_STUN_H

#include "sip/flow.h"

/* Is this a STUN Binding request (RFC 5389 6)? Then its answer is written, which tells the sender
 * his own address. */
bool stun_answer(struct text *out, struct view request, const struct sip_flow *from);

#endif
