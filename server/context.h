/* The response context of a forwarded request (RFC 3261 16.7): one server transaction, and a branch
 * for each target. Private to the proxy (proxy.c, context.c, branch.c, forward.c). */
#ifndef OFFHOOK_SERVER_CONTEXT_H
#define OFFHOOK_SERVER_CONTEXT_H

#include "server/anchor.h"
#include "server/calls.h"
#include "server/targets.h"
#include "server/worker.h"

struct context;

struct branch {
    struct branch *next;
    struct context *context;
    struct client_transaction *tx; /* NULL once it has ended */
    struct timer limit;            /* timer C; after a CANCEL: 64*T1 */
    uint64_t instance;             /* RFC 5626: of the phone, as in its target; 0: none */
    struct ways *ways;             /* to a named server; NULL: its flow was known */
    struct gateway *gateway;       /* that it leads to; NULL: none */
    bool phone;                    /* a phone that is registered here */
    uint64_t session;              /* of its audio, which ends with it; 0: none */
    bool stands;                   /* the session is the call's now; its 2xx may come again */
    bool proceeding, final, counted, cancel_wanted, cancelled;
};

/* A user, remembered by name: he may be removed meanwhile. */
struct leg {
    char number[NUMBER_MAX]; /* "": nobody in particular */
    struct view domain;
};

struct context {
    struct worker *worker;
    struct context *next, **link;  /* among the worker's */
    struct server_transaction *tx; /* NULL once it has ended */
    struct call *call;             /* that it sets up; NULL: none, it stands or is over */
    uint64_t dialog;               /* of an INVITE inside one, or a BYE; else 0 */
    uint64_t session;              /* of a request inside a dialog: its token's id */
    bool of_callee;                /* the same: who was called once has sent it */
    bool offers;                   /* the same: its answer decides on what its body asks for */
    struct request request;        /* kept as long as further targets may be tried; its user is
                                      found anew by `caller` */
    struct leg caller;             /* who has proven to send it: the user may go before it does */
    struct targets targets;
    struct timer patience;  /* how long a group may ring while others wait */
    unsigned breadth;       /* how many branches at a time, RFC 5393 */
    unsigned redirects;     /* how often it was sent elsewhere, by a phone or a forward */
    struct leg leg;         /* the user whose phones ring */
    struct pack diversions; /* Diversion lines for the branches to come */
    struct branch *branches;
    unsigned open; /* branches without a final answer */
    char *best;    /* the best answer so far, ready to be sent upstream */
    size_t best_size;
    unsigned best_status; /* 0: none */
    char *own; /* an answer of our own, but for its status line; for when nobody answered */
    size_t own_size;
    struct pack challenges; /* WWW- and Proxy-Authenticate lines of all 401 and 407 */
    bool invite, starting, answered, cancelled;
    bool looks_up;  /* a server has to be looked up: the request is needed later */
    bool emergency; /* an emergency number: it is not forwarded */
    bool full;      /* no gateway has room: 503 is our own word */
    bool secure;    /* the Request-URI is sips: */
    bool trusted;   /* it comes from a gateway */
    bool stranger;  /* it counts among worker.strangers */
    bool impatient; /* the running group has rung for long enough and was cancelled */
};

/* context.c */
/* A context for r, whose transaction exists; the transaction tells it its end. NULL: no memory. */
struct context *context_new(struct worker *w, struct request *r);
/* Sends the best answer so far upstream; nothing more is tried. */
void context_answer(struct context *c);
/* From now on the best answer is one of our own with this status; 0: there is none yet. */
void context_restart(struct context *c, unsigned status);
void context_cancel(struct context *c);
/* A final answer (or, with m NULL, the lack of one: status) of a branch. */
void context_final(struct context *c, struct branch *b, unsigned status,
                   const struct sip_message *m);
void context_provisional(struct context *c, const struct branch *b, const struct sip_message *m);
/* Frees c when nothing of it is alive. */
void context_release(struct context *c);
/* Frees all of w's, telling nobody; the transactions are to be freed next. */
void contexts_free(struct worker *w);

/* branch.c */
/* A branch that has sent nothing yet. */
struct branch *branch_start(struct context *c, const struct hop *hop);
/* Sends request along flow. ERR_MEMORY. */
enum error branch_send(struct branch *b, const struct sip_flow *flow, enum sip_method method,
                       uint64_t id, struct view request);
/* The call goes this way now: it counts at the branch's gateway, or at none. */
void branch_count(const struct branch *b);
/* Forgets a branch that could send nothing. */
void branch_drop(struct branch *b);
/* The final answer m, or the lack of one, which counts as status. */
void branch_end(struct branch *b, unsigned status, const struct sip_message *m);
void branch_cancel(struct branch *b);
/* Counts as unanswered from now on; a 2xx that comes all the same is still passed on. */
void branch_give_up(struct branch *b);

/* fork.c */
/* What went out: its branch, and the session that its dialog would have, 0 if there is no audio of
 * ours in it. */
struct forwarded {
    uint64_t branch, session;
};

/* Writes r as it goes along hop: forward_request with what the context adds. */
enum error fork_write(struct context *c, struct text *out, const struct request *r, struct hop *hop,
                      struct forwarded *what);
/* Sends r on to the first group of its targets; the others follow when these have refused. */
void fork_start(struct context *c, const struct request *r);
/* No branch is open any more: on to the next group, or the best answer goes out. */
void fork_proceed(struct context *c);

/* divert.c */
/* Remembers u, or nobody. */
void leg_set(struct leg *leg, const struct user *u);
/* The user who was remembered; NULL: nobody, or he is gone. */
struct user *leg_user(const struct context *c, const struct leg *leg);
/* What a gateway says of earlier diversions counts too: a circle may lead through it. */
void divert_inherit(struct context *c, const struct request *r);
/* u's phones are about to ring. */
void divert_ring(struct context *c, const struct user *u);
/* The forward of u that applies to this request; NULL. */
const struct forward *divert_for(const struct context *c, const struct user *u,
                                 enum forward_kind kind);
/* Adds the targets that f leads to. 0, or the status to answer with. */
unsigned divert_to(struct context *c, const struct user *u, const struct forward *f);
/* A phone of that user has itself sent the call elsewhere. */
void divert_note(struct context *c, const struct leg *from);
/* All phones of the user are done: with status, or because they rang for too long. 0: his forward
 * for that has added targets; else the status that stands. */
unsigned divert_outcome(struct context *c, unsigned status, bool rang_out);
/* How long his phones may ring, ms; 0: as long as the caller likes. */
unsigned divert_wait(const struct context *c);

/* ways.c */
/* Looks up where hop leads; the request goes to the first address that is found, to the next ones
 * when that one fails (RFC 3263 4.3). ERR_BUSY, ERR_MEMORY. */
enum error branch_look_up(struct context *c, const struct hop *hop);
/* Notes the way of a branch to a gateway, whose flow is known. */
void branch_aim(struct branch *b, const struct hop *hop);
/* The gateway has answered 401 or 407. True: it is asked for credentials, the branch goes on. */
bool branch_answer(struct branch *b, const struct sip_message *m);
/* The branch has failed at one address. True: another branch has begun, at the next one. */
bool branch_fail_over(struct branch *b);
/* Is there a next address? */
bool branch_has_next(const struct branch *b);
/* Does it wait for a look-up, or for credentials? */
bool branch_looks_up(const struct branch *b);
/* Ends a look-up that is under way, and forgets the other addresses. */
void branch_ways_free(struct branch *b);

/* redirect.c */
/* The final answer m is a 3xx: its Contacts become targets (16.7 step 4, 8.1.3.4). True: at least
 * one did, the answer itself is of no use any more. */
bool redirect_follow(struct context *c, const struct branch *b, const struct sip_message *m);

/* aim.c */
/* A request to a sips: URI (secure) goes on by TLS or not at all (RFC 3261 26.2.2). */
bool aim_may_take(bool secure, const struct sip_flow *flow);
/* Adds the ways to the phones of the user that uri names, or to the one whose GRUU it is, which
 * nobody else answers for. 0: done; else the status to answer with. */
#define AIM_FIRST 1000 /* q of the request's own target */
unsigned aim_user(struct context *c, const struct user *u, const struct uri *uri, unsigned q);
/* Is there any way for r to u now, be it a forward? *insecure is set when all that is missing is
 * TLS (RFC 5630). */
bool aim_possible(const struct worker *w, const struct request *r, const struct user *u,
                  bool *insecure);
/* Adds the gateways of the route that the target's number takes, one after the other. */
unsigned aim_route(struct context *c, const struct target *target, unsigned q);
/* The same for a URI: a user, or another domain. text: the URI as it is written; empty: it is a
 * number of ours. outside: it comes from a phone on another host, and must not lead to our
 * loopback. */
unsigned aim_uri(struct context *c, const struct uri *uri, struct view text, unsigned q,
                 bool outside);

/* forward.c */
#define FORWARD_SCRATCH (4096 + 3 * SIP_VALUE_MAX)

/* Writes r as it goes along hop (16.6): new Request-URI, Via, Max-Forwards, Route; Record-Route
 * with `record`, its audio anchored where it is to be. ERR_LIMIT; as anchor_pass. */
enum error forward_request(struct worker *w, struct text *out, const struct request *r,
                           const struct hop *hop, bool record, struct forwarded *what);
/* Writes the answer m of b as it goes upstream (16.7 step 9): without our Via, its audio anchored.
 * ERR_LIMIT; ERR_SYNTAX: the Via below ours, or its description, is spoiled; as anchor_pass. */
enum error forward_response(struct text *out, const struct sip_message *m, const struct branch *b,
                            struct view more_headers);

#endif
