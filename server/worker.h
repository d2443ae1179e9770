/* The worker: what one thread of the sip role works with. Everything in server/ below it takes the
 * worker first. */
#ifndef OFFHOOK_SERVER_WORKER_H
#define OFFHOOK_SERVER_WORKER_H

#include "auth/auth.h"
#include "db/keeper.h"
#include "routing/routing.h"
#include "server/counters.h"
#include "server/overload.h"
#include "server/role.h"
#include "sip/sip.h"

struct context;

#define MEDIA_WAITS 16

/* Bytes sent to somebody who has proven nothing, for each byte of his. */
#define STRANGER_TIMES 3

struct anchors;
struct calls;
struct event;
struct credential_query;
struct held;
struct history;
struct keepalives;
struct trunk;
struct keeper_link;
struct media_link;
struct trace;

/* A control request that waits for what the media role tells (question_wait.c). */
struct media_wait {
    uint64_t id;      /* of the request; 0: none */
    uint64_t session; /* whose figures were asked for; 0: the role's counts */
};

struct worker {
    struct role_context *role; /* NULL in tests */
    const struct config *config;
    struct event_base *base;
    struct wheel *wheel;
    struct alarm *alarm; /* turns the wheel */
    struct transport *transport;
    struct tls *tls_next; /* made by a reload that is not decided yet */
    struct transactions *transactions;
    struct location *location;
    struct keepalives *keepalives;
    struct calls *calls;
    struct anchors *anchors;
    struct history *history;
    struct media_link *media;
    struct media_wait media_waits[MEDIA_WAITS];
    void (*stocked)(struct worker *w); /* told when ports for audio have come; NULL: nobody waits */
    struct gateways *gateways;
    struct plan plan;
    struct nonces *nonces; /* NULL until the keeper has sent the secret */
    struct guard *guard;
    struct bans *bans;
    struct held *held; /* refusals that are held back (held.c) */
    struct overload overload;
    struct event *tick; /* for measuring the load; NULL in tests */
    uint64_t tick_due;  /* ms */
    struct keeper_link *keeper;
    struct resolver *resolver; /* NULL in tests */
    struct trace *trace;
    struct credential_query *credentials; /* responses that are waited for */
    struct trunk *trunks;
    struct context *contexts; /* of the requests under way */
    unsigned strangers;       /* of them, whose senders have proven nothing */
    struct sip_link link;     /* all that leaves */
    struct counters counters;
    uint8_t token_key[16], tag_key[16];
    struct timer patience; /* the start waits for ports for audio ... */
    int keeper_waits;      /* ... before it takes this channel; 0: none */
    struct transport_address *addresses;
    size_t address_count;
    uint64_t started; /* ms */
};

/* A request on its way through the worker. */
struct request {
    const struct sip_message *m;
    struct sip_flow from;
    struct uri uri;                /* the Request-URI */
    struct hash128 key;            /* of its transaction */
    struct server_transaction *tx; /* NULL: still stateless */
    struct user *user;             /* who has proven to send it; NULL: a stranger */
    bool trusted;                  /* of a gateway whose word about the caller counts (RFC 3325) */
    unsigned routes_own;           /* leading Route values that were ours */
    bool in_dialog;                /* its token proves that the call it is about was let through */
    uint64_t session;              /* in a dialog: the id of its token; else 0 */
    bool of_callee;                /* in a dialog: who was called once has sent it */
    bool flow_failed;              /* the connection that its token names is gone (RFC 5626) */
    struct view contact;           /* in a dialog: what the GRUU in its Request-URI stands for */
};

/* Builds what a worker consists of, but for listeners and the keeper. config has to outlive it.
 * ERR_MEMORY. */
enum error worker_init(struct worker *w, struct event_base *base, const struct config *config);
void worker_free(struct worker *w);
/* Takes over what the keeper keeps for all restarts: 32 bytes. */
enum error worker_set_secret(struct worker *w, const uint8_t secret[32]);
/* One message from the network. */
void worker_receive(struct worker *w, const struct sip_flow *from, struct view bytes);
/* Fires the timers that are due and arms the next wake-up. */
void worker_turn(struct worker *w);

/* dispatch.c */
void dispatch_request(struct worker *w, const struct sip_message *m, const struct sip_flow *from);
void dispatch_response(struct worker *w, const struct sip_message *m);
/* Refuses or answers without state; never more than three times the bytes of the request. */
void refuse(struct worker *w, const struct request *r, unsigned status, struct view headers);
/* Answers 503 for now; no transaction of r is left behind. */
void refuse_busy(struct worker *w, struct request *r);
/* Answers 503, to be repeated within 2 to 10 s: not by all at once. */
void refuse_for_now(struct worker *w, const struct request *r);
/* The same, with so many seconds. */
void refuse_until(struct worker *w, const struct request *r, unsigned seconds);
/* Writes an answer of our own with our To tag. */
void reply_build(struct worker *w, struct text *out, const struct request *r, unsigned status,
                 struct view headers);
/* Answers through the transaction if there is one, else as refuse. */
void answer(struct worker *w, const struct request *r, unsigned status, struct view headers);
/* The same for a sender who has proven himself: without a transaction, too, it may be of any size.
 */
void answer_proven(struct worker *w, const struct request *r, unsigned status, struct view headers);

/* priority.c */
/* Has its sender proven nothing, not even a part in a call? */
bool request_is_strangers(const struct request *r);
/* Is it the REGISTER of a phone that is registered, by its Call-ID? */
bool request_is_refresh(const struct worker *w, const struct request *r);
/* Is it a call that comes from where the phone of the user in From is registered? */
bool request_is_from_phone(const struct worker *w, const struct request *r);
/* Is it a call to one of the numbers that are never refused? */
bool request_is_emergency(const struct worker *w, const struct request *r);
/* overload.c */
/* Measures the load from now on. ERR_MEMORY. */
enum error overload_watch(struct worker *w);
/* Is r, which begins something new, too much now? Then it is answered. */
bool overload_sheds(struct worker *w, const struct request *r);
/* registrar.c */
void registrar_receive(struct worker *w, struct request *r);
/* proxy.c */
void proxy_receive(struct worker *w, struct request *r);
void proxy_forward_dialog(struct worker *w, struct request *r, const struct sip_flow *to);
void proxy_forward_ack(struct worker *w, struct request *r, const struct sip_flow *to);
void proxy_cancel(struct server_transaction *invite);

#endif
