/* The guard and the bans at work: what they are told of requests, and what follows from what they
 * say. */
#ifndef OFFHOOK_SERVER_GUARDS_H
#define OFFHOOK_SERVER_GUARDS_H

#include "server/keeper_link.h"

/* ERR_MEMORY. */
enum error guards_new(struct worker *w);
void guards_free(struct worker *w);
/* Takes the settings over from w->config. */
void guards_configure(struct worker *w);

/* Is the sender banned? It is counted. */
bool guards_turn_away(struct worker *w, const struct sip_flow *from);
/* Is r within its source's budget? False: dropped, or answered with 503. */
bool guards_admit(struct worker *w, const struct request *r);
/* May the answer to a challenge be judged? False: dropped, or answered with 503. */
bool guards_let(struct worker *w, const struct request *r, const struct claim *claim);
/* The answer was wrong: refuses r, in good time, or bans its source. r has no transaction. */
void guards_refuse(struct worker *w, const struct request *r, const struct pending *p);
/* The answer was right; r->user is set. */
void guards_proven(struct worker *w, const struct request *r, const struct pending *p);
/* Is he who sends from there one of ours: in guard.trusted, or are phones registered from his
 * address? */
bool guards_know(const struct worker *w, const struct sip_flow *from);
/* r is a stranger's; unknown: for a number that is not there. Has he asked for so many of those
 * that he is told of all numbers that they are not? Then it is answered. */
bool guards_hide(struct worker *w, struct request *r, bool unknown);

/* A ban as the keeper tells it; CHANGE_BAN or CHANGE_BAN_GONE. */
enum error guards_apply(struct worker *w, const struct change *change);
/* Tells the keeper, who was away, the bans made meanwhile. */
void guards_tell(struct worker *w);

#endif
