/* The sip role's end of the channel to the keeper: requests that wait for a verdict. */
#ifndef OFFHOOK_SERVER_KEEPER_LINK_H
#define OFFHOOK_SERVER_KEEPER_LINK_H

#include "server/worker.h"

struct pending;

/* What goes on once the verdict is there. `r` is the request as it was kept; its user
 * is set when the verdict is VERDICT_OK. */
typedef void pending_done(struct worker *w, struct request *r, enum verdict verdict,
                          struct pending *p);

/* A request that waits. */
struct pending {
    struct table_node node;
    struct worker *owner;
    uint64_t id;
    uint16_t type; /* KEEPER_CHECK or KEEPER_REGISTER */
    struct server_transaction *tx;
    struct sip_flow from;
    struct timer limit;
    struct pack body;            /* the question, kept for a restarted keeper */
    const struct sip_message *m; /* the request, kept */
    struct uri uri;              /* its Request-URI */
    size_t rows_at;              /* REGISTER: where the bindings begin in body */
    uint64_t mark;               /* REGISTER: of the datagram (answered.h) */
    struct user *busy;           /* REGISTER: the address-of-record it holds */
    struct pending *next;        /* REGISTER: waits behind another for the same user */
    char nonce[NONCE_TEXT];
    uint32_t nc;
    bool counted;     /* nc is used up already */
    uint64_t claimed; /* guard_key of the user that the claim names */
    pending_done *done;
};

enum error keeper_link_new(struct worker *w);
void keeper_link_free(struct worker *w);
/* Takes over fd, a new channel; what waits is asked again. */
void keeper_link_connect(struct worker *w, int fd);
/* Is there a keeper that answers? */
bool keeper_link_is_up(const struct worker *w);
/* A pending for r, whose transaction exists; body is to be filled by the caller. NULL: no memory,
 * or too many wait. */
struct pending *pending_new(struct worker *w, const struct request *r, uint16_t type,
                            pending_done *done);
void pending_free(struct pending *p);
/* The request that p keeps. */
struct request pending_request(const struct pending *p);
/* Sends it off. */
void pending_ask(struct pending *p);
/* Asks for the response to a gateway's challenge; the answer goes to credential_receive. 0: it
 * could not be asked. */
uint64_t keeper_link_challenge(struct worker *w, struct view gateway, const struct claim *claim);
/* Questions that wait for a verdict. */
size_t keeper_link_waiting(const struct worker *w);
/* Tells the keeper of a ban made here, if it can be reached; it echoes what it has stored. */
void keeper_link_tell(struct worker *w, const struct change *ban);
/* Tells the keeper of a call that is over; history_kept hears when it has it. False: there is no
 * keeper, or it is too busy. */
bool keeper_link_record(struct worker *w, uint64_t id, struct view record);
/* Sends the JSON text of an answer to a control question. */
void keeper_link_answer(struct worker *w, uint64_t id, bool last, struct view json);

#endif
