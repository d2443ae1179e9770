/* Ports and ledger in the store of the service manager, where they outlive the daemon. Private to
 * media_ports.c. */
#ifndef OFFHOOK_SERVER_MEDIA_KEPT_H
#define OFFHOOK_SERVER_MEDIA_KEPT_H

#include "server/media_ports.h"

void media_kept_add_ledger(int fd);
/* host: the number of an address in media_ports; before its pairs. */
void media_kept_add_host(const struct media_address *address, unsigned host);
/* MEDIA_PORTS_AT_A_TIME at most: one notice for all, for the service manager may be slow. */
void media_kept_add_pairs(const struct media_port_pair *pairs, size_t count, unsigned host);
/* Fills in ledger, pairs and hosts with what was kept; p->first has to be set. */
void media_kept_take(struct media_ports *p);

#endif
