/* A name server as it is written: an address, perhaps with a port. */
#ifndef OFFHOOK_SIP_DNS_SERVER_H
#define OFFHOOK_SIP_DNS_SERVER_H

#include "sip/flow.h"

#define DNS_SERVERS_MAX 4 /* asked; more are left out */

/* Reads "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353" into peer address
 * and port, 53 when none is given. ERR_SYNTAX. */
enum error dns_server_set(struct sip_flow *out, struct view text);

#endif
