/* The calls that are being set up or stand, as the proxy sees them: counted for the limits of users
 * and gateways. Bounded; a sip role that was started again knows those of the older ones whose
 * audio is anchored. A call is an INVITE that does not bring our Route token of an earlier one; it
 * is set up until its first 2xx, and stands until a BYE passes (RFC 3261 15), its dialog is found
 * dead (12.2.1.2), both phones are gone (their connections, or they do not answer keep-alives), or
 * 12 h are over. However it forks or is forwarded, it is one. */
#ifndef OFFHOOK_SERVER_CALLS_H
#define OFFHOOK_SERVER_CALLS_H

#include "server/ticket.h"

struct call;
struct ticket;

struct calls_counts {
    size_t standing, setting_up;
};

/* ERR_MEMORY. */
enum error calls_new(struct worker *w);
/* Frees all, also those that are being set up. */
void calls_free(struct worker *w);
struct calls_counts calls_counts(const struct worker *w);
/* Has u, who is about to make a call, as many as he may? */
bool calls_are_enough(const struct worker *w, const struct user *u);

/* A call begins with the INVITE r; its user NULL: a stranger's. Its owner is who asked, until it is
 * answered or ended. NULL: too many calls, or no memory; it then goes on uncounted. */
struct call *call_begin(struct worker *w, const struct request *r);
/* Its ticket; NULL: there is none, or no call. */
struct ticket *call_ticket(const struct call *call);
/* Its first 2xx is m; from now on the table owns it, and the session of its audio (0: none). */
void call_answer(struct worker *w, struct call *call, const struct sip_message *m,
                 const struct sip_flow *caller, const struct sip_flow *callee, uint64_t session);
/* A request inside the dialog of a call that stands, if it is known. */
void call_seen(struct worker *w, const struct request *r);
/* A call that stands since before this process began; takes ticket over. */
void call_adopt(struct worker *w, struct ticket *ticket);
/* The call that stands with this session of its audio; NULL. */
struct call *call_find_session(const struct worker *w, uint64_t session);
/* The media role has something of the session only now: it is to know the call, too. */
void call_remember(struct worker *w, uint64_t session);
/* The call that stands with this id; NULL. */
struct call *call_find(const struct worker *w, uint64_t id);
/* Tells of each call that stands behind this place (0: of all), the oldest first. each returns
 * false to stop. */
void calls_each(const struct worker *w, uint64_t after, bool (*each)(void *arg, struct ticket *t),
                void *arg);
/* It was cancelled and no longer counts for its caller, unless it is answered all the same. */
void call_cancel(struct call *call);
/* It is over, as `end` says, and goes into the history; NULL is nothing. */
void call_end(struct worker *w, struct call *call, enum ticket_end end);

/* What tells the dialog of a request or answer from all others, in both directions. */
uint64_t call_dialog(const struct sip_message *m);
uint64_t dialog_hash(struct view call_id, struct view tag, struct view other_tag);
/* The call that stands with this dialog, if it is known, is over. */
void call_end_dialog(struct worker *w, uint64_t dialog, enum ticket_end end);

/* May one more call go there? */
bool calls_gateway_free(const struct gateway *g);
/* call (NULL: nothing happens) goes by g from now on, and no longer by the gateway before; it
 * leaves g by itself when it ends. */
void calls_gateway_take(struct call *call, struct gateway *g);
void calls_gateway_leave(struct call *call);

#endif
