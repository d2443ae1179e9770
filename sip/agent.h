/* User agents that need to be met half-way. */
#ifndef OFFHOOK_SIP_AGENT_H
#define OFFHOOK_SIP_AGENT_H

#include "sip/message.h"

/* Does the User-Agent name a Cisco 79xx phone with a SIP image, 1.x to 8.x? */
bool agent_is_cisco79(const struct sip_message *m);
bool agent_names_cisco79(struct view user_agent);
/* A client that gives up at a challenge with any algorithm but MD5, instead of passing it over as
 * RFC 8760 2.4 wants: baresip up to 1.x, sipsak. */
bool agent_knows_only_md5(const struct sip_message *m);
/* A peer of RFC 2543: its topmost Via has no branch with the magic cookie. */
bool agent_is_rfc2543(const struct sip_message *m);

#endif
