/* Transactions: RFC 3261 section 17 with RFC 6026, and peers of RFC 2543. They are driven by
 * messages, by the wheel, and by whoever uses them; they send through a link. */
#ifndef OFFHOOK_SIP_TRANSACTION_H
#define OFFHOOK_SIP_TRANSACTION_H

#include "sip/reply.h"

/* Ms, RFC 3261 table 4. */
#define TIMER_T1 500
#define TIMER_T2 4000
#define TIMER_T4 5000

/* The way out, a parameter so that tests can stand in its place. */
struct sip_link {
    /* OK means only that it left or waits in a queue. */
    enum error (*send)(void *self, const struct sip_flow *to, struct view bytes);
    void *self;
};

struct transactions;
struct server_transaction;
struct client_transaction;

/* An empty set of transactions; wheel and link have to outlive it. ERR_MEMORY. */
enum error transactions_new(struct transactions **out, struct wheel *wheel,
                            const struct sip_link *link);
/* Ends all transactions without a word to anybody. */
void transactions_free(struct transactions *t);
size_t transactions_count(const struct transactions *t);
size_t transactions_retransmissions(const struct transactions *t);

/* --- server side --------------------------------------------------------------------------- */

/* Told once, when the transaction is gone; the pointer is dead after the call. */
typedef void server_transaction_ended(void *user);

/* Under which key the transaction of a request is kept; that of the INVITE for an ACK. */
struct hash128 server_transaction_key(const struct sip_message *m);
/* Begins the transaction of a request (not ACK) that came over `from`; key is its own. Its owner is
 * the set, until its last timer. ERR_MEMORY. */
enum error server_transaction_new(struct server_transaction **out, struct transactions *t,
                                  struct hash128 key, const struct sip_message *request,
                                  const struct sip_flow *from);
/* The transaction with this key: the request is a retransmission, or the ACK of a final answer. */
struct server_transaction *server_transaction_find(const struct transactions *t,
                                                   struct hash128 key);
/* The INVITE transaction that a CANCEL means (9.2). */
struct server_transaction *server_transaction_find_invite(struct transactions *t,
                                                          const struct sip_message *cancel);
/* Gives a found transaction its message: answers again, or takes the ACK. What came from elsewhere
 * than the request lends no credit: its sender would spend it on somebody else. */
void server_transaction_receive(struct server_transaction *s, const struct sip_message *request,
                                const struct sip_flow *from);
/* Sends an answer; bytes are copied. A final one starts the last timers. A 2xx to an INVITE may be
 * given again and again while it is accepted (RFC 6026). Others after a final one are ignored. */
void server_transaction_respond(struct server_transaction *s, unsigned status, struct view bytes);
/* Forgets the transaction as if the request had never come; ended is not told. */
void server_transaction_drop(struct server_transaction *s);
void server_transaction_watch(struct server_transaction *s, server_transaction_ended *ended,
                              void *user);
void *server_transaction_user(const struct server_transaction *s);
const struct sip_flow *server_transaction_flow(const struct server_transaction *s);
/* The sender may not be where he says (an ACK can be sent blindly too): at most this many bytes go
 * to him (each retransmission of his earns three times its size). */
void server_transaction_limit(struct server_transaction *s, uint32_t credit);
/* Has it sent a 2xx to an INVITE? Then an ACK is not for the transaction (RFC 6026 7.1). */
bool server_transaction_is_accepted(const struct server_transaction *s);
/* Notes that a CANCEL came before it was known where the INVITE should go; whoever learns that
 * answers 487 instead (9.2). */
void server_transaction_cancel(struct server_transaction *s);
bool server_transaction_is_cancelled(const struct server_transaction *s);

/* --- client side --------------------------------------------------------------------------- */

struct client_ops {
    /* Each provisional answer, the final one, and every further 2xx to an INVITE. */
    void (*response)(void *user, const struct sip_message *response);
    /* No final answer will come: 408 (timer B or F) or 503 (could not be sent). */
    void (*failed)(void *user, unsigned status);
    /* The transaction is gone. */
    void (*ended)(void *user);
    bool own; /* the request is ours, not one that is forwarded: its answers end here */
};

#define BRANCH_SIZE 31 /* "z9hG4bK", 16 hex digits of its number, 8 of the loop hash */

/* A new branch for our Via: text with a NUL into out, and its number. loop is what tells a request
 * that comes back unchanged (RFC 3261 16.6 step 8, RFC 5393). */
uint64_t branch_new(uint32_t loop, char out[BRANCH_SIZE + 1]);
/* Takes a branch of ours apart; false when it is none. */
bool branch_read(struct view branch, uint64_t *number, uint32_t *loop);
/* Sends request (copied) along flow under the branch number it carries in its topmost Via.
 * ERR_MEMORY. A failing send is told through failed, later. */
enum error client_transaction_new(struct client_transaction **out, struct transactions *t,
                                  const struct sip_flow *flow, enum sip_method method,
                                  uint64_t branch, struct view request,
                                  const struct client_ops *ops, void *user);
/* The transaction that a response belongs to, by the branch of its topmost Via; NULL: stray. */
struct client_transaction *client_transaction_find(struct transactions *t,
                                                   const struct sip_message *response);
void client_transaction_receive(struct client_transaction *c, const struct sip_message *response);
/* The request as it was sent; empty once a final answer came. */
struct view client_transaction_request(const struct client_transaction *c);
const struct sip_flow *client_transaction_flow(const struct client_transaction *c);
uint64_t client_transaction_branch(const struct client_transaction *c);
/* Is its request our own? */
bool client_transaction_is_own(const struct client_transaction *c);
/* Nobody listens any more; the transaction goes on by itself (ACKs, absorbs). */
void client_transaction_orphan(struct client_transaction *c);
/* The flow is broken: everything that still waits on it fails with 503. */
void client_transactions_fail(struct transactions *t, const struct sip_flow *flow);

/* Somebody says that flow's peer cannot be reached: requests that he has not answered yet fail with
 * 503. (He may lie: what was answered goes on.) */
void client_transactions_refuse(struct transactions *t, const struct sip_flow *flow);

/* Writes the ACK of a non-2xx answer (17.1.1.3) or the CANCEL (9.1) for an INVITE that we sent. */
void ack_write(struct text *out, const struct sip_message *invite,
               const struct sip_message *answer);
void cancel_write(struct text *out, const struct sip_message *invite);

#endif
