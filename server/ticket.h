/* The ticket of a call: what is known of it, to list it, to hang it up, and for the history. */
#ifndef OFFHOOK_SERVER_TICKET_H
#define OFFHOOK_SERVER_TICKET_H

#include "server/worker.h"

enum ticket_text {
    TICKET_CALL_ID,
    TICKET_NUMBER, /* of the user who proved to call; "" nobody's */
    TICKET_DOMAIN, /* the same */
    TICKET_TARGET, /* the Request-URI that came */
    TICKET_ROUTE,  /* where it went: "phone 5550002", "gateway isp", "elsewhere 192.0.2.1" */
    /* of the caller, and behind each that of the callee: */
    TICKET_PARTY, /* From or To, with tag */
    TICKET_PARTY_CALLEE,
    TICKET_CONTACT, /* URI */
    TICKET_CONTACT_CALLEE,
    TICKET_ROUTES, /* of proxies between us and him, as a Route value, or "" */
    TICKET_ROUTES_CALLEE,
    TICKET_TEXTS
};

enum ticket_end {
    END_UNKNOWN,
    END_CALLER,
    END_CALLEE,
    END_SERVER,   /* its limits, or nobody could be reached */
    END_OPERATOR, /* offhook call hangup */
    END_SILENCE,  /* no audio for media.timeout */
    END_LOST,     /* both phones are gone, or know nothing of it */
};

/* Owned by its call. */
struct ticket {
    struct table_node node;         /* while its audio is being closed: by session */
    uint64_t id;                    /* random, never 0 */
    uint64_t place;                 /* among those that stand: the older, the lower; from 1 on */
    uint64_t session;               /* of its audio; 0: none of ours */
    int64_t begun, answered, ended; /* ms since 1970; 0: not yet */
    uint16_t status;                /* final one of its INVITE */
    uint8_t end;                    /* enum ticket_end */
    bool stranger;                  /* nobody has proven to call */
    uint32_t cseq[2];               /* the last number of a request of caller and callee */
    struct sip_flow flows[2];
    char *texts[TICKET_TEXTS]; /* NULL: not known */
};

/* The ticket of the call that the INVITE r begins; NULL without memory. */
struct ticket *ticket_new(const struct request *r);
void ticket_free(struct ticket *t);
/* Where it goes, in two words. */
void ticket_route(struct ticket *t, const char *kind, struct view name);
/* m is the 2xx that answers it; along the two flows it is spoken with the phones. */
void ticket_answer(struct ticket *t, const struct worker *w, const struct sip_message *m,
                   const struct sip_flow *caller, const struct sip_flow *callee);
/* A request inside its dialog. */
void ticket_seen(struct ticket *t, const struct request *r);
/* The URI of who calls; all of the From when there is none in it. */
struct view ticket_caller(const struct ticket *t);
/* "" when it is not known. */
struct view ticket_text(const struct ticket *t, enum ticket_text which);
/* "caller", "operator", ... */
const char *ticket_end_text(enum ticket_end end);
/* What tells its dialog from all others, as call_dialog. */
uint64_t ticket_dialog(const struct ticket *t);
/* To and from the bytes that the media role keeps for a sip role that is started again; whole: also
 * what only ticket_request needs. */
void ticket_pack(struct pack *k, const struct ticket *t, bool whole);
struct ticket *ticket_unpack(struct view bytes);
/* Writes a request to a side as if the other one had sent it: an ACK with the number of the INVITE,
 * others with a CSeq above all that were seen (RFC 3261 12.2.1.1). False: too little is known. */
bool ticket_request(const struct worker *w, struct ticket *t, unsigned side, const char *method,
                    struct text *out, uint64_t *branch);

#endif
