/* The response context of a forwarded request (RFC 3261 16.7): one server transaction, and a branch
 * for each target. Private to the proxy (proxy.c, context.c, branch.c, forward.c). */
#ifndef OFFHOOK_SERVER_CONTEXT_H
#define OFFHOOK_SERVER_CONTEXT_H

#include "server/worker.h"

struct context;

struct branch {
    struct branch *next;
    struct context *context;
    struct client_transaction *tx; /* NULL once it has ended */
    struct timer limit;            /* timer C; after a CANCEL: 64*T1 */
    bool proceeding, final, counted, cancel_wanted, cancelled;
};

struct context {
    struct worker *worker;
    struct context *next, **link;  /* among the worker's */
    struct server_transaction *tx; /* NULL once it has ended */
    struct branch *branches;
    unsigned open; /* branches without a final answer */
    char *best;    /* the best answer so far, ready to be sent upstream */
    size_t best_size;
    unsigned best_status; /* 0: none */
    char *own; /* an answer of our own, but for its status line; for when nobody answered */
    size_t own_size;
    struct pack challenges; /* WWW- and Proxy-Authenticate lines of all 401 and 407 */
    bool invite, starting, answered, cancelled;
};

/* One way on. */
struct hop {
    struct sip_flow flow;
    struct view uri;   /* the new Request-URI; empty: as it was */
    struct view route; /* Path values to go into Route; may be empty */
};

/* context.c */
/* A context for r, whose transaction exists; the transaction tells it its end. NULL: no memory. */
struct context *context_new(struct worker *w, struct request *r);
/* Adds a branch for hop and sends the request along it. */
enum error context_add(struct context *c, const struct request *r, const struct hop *hop);
/* All branches are added: if none is open any more, the best answer goes out. */
void context_started(struct context *c);
void context_cancel(struct context *c);
/* A final answer (or, with m NULL, the lack of one: status) of a branch. */
void context_final(struct context *c, struct branch *b, unsigned status,
                   const struct sip_message *m);
void context_provisional(struct context *c, const struct sip_message *m);
/* Frees c when nothing of it is alive. */
void context_release(struct context *c);
/* Frees all of w's, telling nobody; the transactions are to be freed next. */
void contexts_free(struct worker *w);

/* branch.c */
struct branch *branch_start(struct context *c, const struct sip_flow *flow, enum sip_method method,
                            uint64_t id, struct view request);
void branch_cancel(struct branch *b);

/* forward.c */
#define FORWARD_SCRATCH (4096 + SIP_VALUE_MAX)

/* Writes r as it goes along hop (16.6): new Request-URI, Via, Max-Forwards, Route; Record-Route
 * with `record`. The branch's number into *id. ERR_LIMIT. */
enum error forward_request(struct worker *w, struct text *out, const struct request *r,
                           const struct hop *hop, bool record, uint64_t *id);
/* Writes the answer m as it goes upstream (16.7 step 9): without our Via. ERR_LIMIT. */
enum error forward_response(struct text *out, const struct sip_message *m,
                            const struct sip_flow *upstream, struct view more_headers);

#endif
