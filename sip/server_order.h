/* The order in which servers are tried: NAPTR (RFC 3403 4.1) and SRV records (RFC 2782). */
#ifndef OFFHOOK_SIP_SERVER_ORDER_H
#define OFFHOOK_SIP_SERVER_ORDER_H

#include "sip/dns_answer.h"

/* Sorts NAPTR records by order and preference. */
void naptr_order(struct dns_record *records, unsigned count);
/* Sorts SRV records by priority; those of one priority by lot, in proportion to their weights. The
 * same seed draws the same lots. */
void srv_order(struct dns_record *records, unsigned count, uint64_t seed);

#endif
