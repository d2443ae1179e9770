/* An office for tests: a worker without a network, two users with phones, and a keeper that knows
 * them. What leaves the worker is told to whoever opened it. */
#ifndef OFFHOOK_TESTS_UNIT_OFFICE_H
#define OFFHOOK_TESTS_UNIT_OFFICE_H

#include "server/worker.h"

#define OFFICE_DOMAIN "example.test"
#define ANNA          "5550141" /* her phone: 192.0.2.40, her password: secret41 */
#define BERT          "5550142" /* his phone: 192.0.2.41, his password: secret42 */

/* Told each message that leaves. */
typedef void office_sent(void *arg, const struct sip_flow *to, struct view bytes);

struct office {
    struct event_base *base;
    struct config *config;
    struct worker worker;
    struct channel *keeper;
    struct credential_set users[2];
    office_sent *sent;
    void *arg;
    int fd;
    unsigned proven; /* verdicts that said yes */
};

/* True while code of the office runs, and not the worker's. */
extern bool office_outside;

/* ERR_MEMORY: nothing stands, office_close is not needed. The clock becomes virtual. */
enum error office_open(struct office *o, office_sent *sent, void *arg);
void office_close(struct office *o);
/* Registers both phones at their addresses for an hour. */
enum error office_bind(struct office *o);
/* Gives the worker a message from host:port over UDP and lets the keeper answer. */
void office_receive(struct office *o, const char *host, uint16_t port, struct view bytes);
/* Lets worker and keeper talk. */
void office_settle(struct office *o);
/* Lets ms pass, timer by timer. */
void office_pass(struct office *o, uint64_t ms);
/* Writes the value of an Authorization header that answers the challenge with this nonce. */
void office_answer(struct text *out, const char *number, const char *password, struct view method,
                   const char *uri, struct view nonce, bool qop);

#endif
