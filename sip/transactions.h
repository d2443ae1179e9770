/* What server and client transactions share. Private to sip/. */
#ifndef OFFHOOK_SIP_TRANSACTIONS_H
#define OFFHOOK_SIP_TRANSACTIONS_H

#include "sip/transaction.h"

struct transactions {
    struct wheel *wheel;
    const struct sip_link *link;
    struct table servers, clients;
    size_t retransmissions;
};

void client_transaction_free(struct client_transaction *c);
/* Frees every transaction of one kind, telling nobody. */
void server_transactions_clear(struct transactions *t);
void client_transactions_clear(struct transactions *t);

#endif
