/* Anchors: the audio of a dialog that passes through this server. Its descriptions are edited on
 * their way so that each phone sends to a port of ours; the media role is told what to do with what
 * comes there. An anchor is named by the dialog's Route token, so that every request inside the
 * dialog finds it, after any restart; a call that forks has one for each branch until one of them
 * answers. */
#ifndef OFFHOOK_SERVER_ANCHOR_H
#define OFFHOOK_SERVER_ANCHOR_H

#include "media/media.h"
#include "server/targets.h"
#include "server/worker.h"

struct anchors;

enum anchor_side { ANCHOR_CALLER, ANCHOR_CALLEE };

/* What is to be done to the body of a message. */
struct anchor_edit {
    struct view range; /* of the received bytes; p NULL: nothing */
    struct view text;  /* instead of it; valid until the next description is edited */
    bool ours;         /* nothing, as it names ports of ours: anchored further up the call's way */
};

/* Both ends of a dialog, as they are known while it begins. */
struct anchor_ends {
    struct sip_flow flows[2]; /* caller, callee */
    bool gateway[2];          /* whose word about its address counts */
    bool stranger;            /* nobody has proven to call */
};

/* ERR_MEMORY. */
enum error anchors_new(struct worker *w);
void anchors_free(struct worker *w);
/* Is it a request whose description may be ours to edit? 0, or the status to refuse it with; then
 * headers says why: 488, its description is none; 503, there are no ports. callee: the user whom it
 * calls; NULL: none of ours. */
unsigned anchor_admit(struct worker *w, const struct request *r, const struct user *callee,
                      struct text *headers);
/* Will the audio of the dialog that r begins along hop be anchored? */
bool anchor_is_wanted(const struct worker *w, const struct request *r, const struct hop *hop);
/* The description in m, of `side`, on its way to the other one. ends: for a dialog that begins, or
 * NULL: then only what is anchored already is edited. ERR_SYNTAX: it is none; ERR_BUSY: there are
 * no ports; ERR_MEMORY. */
enum error anchor_pass(struct worker *w, uint64_t id, const struct anchor_ends *ends,
                       enum anchor_side side, const struct sip_message *m, struct anchor_edit *out);
/* Does the method take part in offer and answer (RFC 6337)? */
bool anchor_is_offer_answer(const struct sip_message *m);
/* The request of `side` was refused: what its description asked for is off (RFC 3261 14.1). */
void anchor_undo(struct worker *w, uint64_t id, enum anchor_side side);
/* It was accepted. */
void anchor_confirm(struct worker *w, uint64_t id, enum anchor_side side);
/* A call stands with it, whose other party has this tag, and closes it. False: there is none. */
bool anchor_own(struct worker *w, uint64_t id, struct view callee_tag);
/* There will be no dialog, or its call is over. False: there was none. */
bool anchor_close(struct worker *w, uint64_t id);
/* A dialog is over: closes it, unless a call that stands owns it. */
void anchor_release(struct worker *w, uint64_t id);
/* A stream that the media role relays since before this process began. */
void anchor_adopt(struct worker *w, uint64_t id, const struct stream *s);
/* A pair of ports is ours from now on: who has named it before gets nothing there. */
void anchors_forbid(struct worker *w, const struct media_address *pair);
/* Tells a new media role of all. */
void anchors_tell(struct worker *w);
/* The host addresses of ours that phones may be told to send to. */
unsigned anchor_hosts(const struct worker *w, struct media_address *out, unsigned most);

#endif
