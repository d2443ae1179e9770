/* The gate: who has to prove himself, with which challenge, and whether he did. */
#ifndef OFFHOOK_SERVER_GATE_H
#define OFFHOOK_SERVER_GATE_H

#include "server/keeper_link.h"

enum gate {
    GATE_OPEN,    /* needs no proof: goes on as a stranger */
    GATE_CLAIMED, /* there is a claim to be checked by the keeper */
    GATE_REFUSED, /* answered already (challenge, 403, 503) */
};

/* Who a request says to be. */
struct gate_claim {
    struct claim claim;
    uint32_t nc; /* 0: without qop */
};

/* Reads the credentials that are for us. False: there are none. */
bool gate_read(const struct worker *w, const struct request *r, struct gate_claim *out);
/* Looks at a request that begins something new (REGISTER, or outside of our dialogs), with the
 * claim that was read, or NULL. With GATE_CLAIMED it is complete. */
enum gate gate_check(struct worker *w, const struct request *r, struct gate_claim *c);
/* Is this a request that somebody may send without proof: a call, a message, OPTIONS? Others make a
 * phone dial, restart or tell. */
bool gate_may_open(const struct request *r);
/* Asks for credentials: 401 to REGISTER, else 407; stateless. */
void gate_challenge(struct worker *w, const struct request *r, bool stale);
/* Asks again, with stale=true, who has used his answer to a challenge before; no transaction of r
 * is left behind. */
void gate_stale(struct worker *w, struct request *r);
/* Uses up the count of a proven answer, once. False: somebody was faster, and it is answered. */
bool gate_count(struct worker *w, struct request *r, struct pending *p);
/* The first part of every pending_done: uses up the nonce count, answers bad verdicts. True:
 * r->user has proven himself and stands in From; go on. */
bool gate_passed(struct worker *w, struct request *r, enum verdict verdict, struct pending *p);
/* Packs the claim into a pending and keeps what gate_passed needs of it. */
void gate_keep(struct pending *p, const struct gate_claim *c);

#endif
