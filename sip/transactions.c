/* The set of all transactions. */
#include "sip/transactions.h"

#include <stdlib.h>

enum error transactions_new(struct transactions **out, struct wheel *wheel,
                            const struct sip_link *link)
{
    struct transactions *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (!t)
        return ERR_MEMORY;
    t->wheel = wheel;
    t->link = link;
    if (table_init(&t->servers) != OK || table_init(&t->clients) != OK) {
        transactions_free(t);
        return ERR_MEMORY;
    }
    *out = t;
    return OK;
}

void transactions_free(struct transactions *t)
{
    if (!t)
        return;
    server_transactions_clear(t);
    client_transactions_clear(t);
    table_free(&t->servers);
    table_free(&t->clients);
    free(t);
}

size_t transactions_count(const struct transactions *t)
{
    return t->servers.count + t->clients.count;
}

size_t transactions_retransmissions(const struct transactions *t)
{
    return t->retransmissions;
}
