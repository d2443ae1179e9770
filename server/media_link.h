/* The sip role's end of the channel to the media role, and the ports for audio that wait here. */
#ifndef OFFHOOK_SERVER_MEDIA_LINK_H
#define OFFHOOK_SERVER_MEDIA_LINK_H

#include "media/media.h"
#include "server/ticket.h"

struct media_link;

/* ERR_MEMORY. */
enum error media_link_new(struct worker *w);
void media_link_free(struct worker *w);
/* Takes over fd, a new channel to the media role, which is told all that is known here. */
void media_link_connect(struct worker *w, int fd);
/* Is there to be a media role at all, as in a daemon? */
bool media_link_is_there(const struct worker *w);
/* Takes a pair of ports of this host address (its port does not matter) out of the stock; more are
 * asked for in time. False: there is none now. */
bool media_link_take(struct worker *w, const struct media_address *host, struct media_address *out);
/* Are the first ports there, and the calls of a former life known? */
bool media_link_is_stocked(const struct worker *w);
/* Has one told of the calls that stand since before this process began? */
bool media_link_is_known(const struct worker *w);
/* Are there so many? If not, more are asked for. */
bool media_link_has(struct worker *w, const struct media_address *host, unsigned count);
/* The call that had it is over; the media role keeps it from others for a while. */
void media_link_give(struct worker *w, const struct media_address *pair);
/* It was taken in vain: the media role was told nothing of it. */
void media_link_return(struct worker *w, const struct media_address *pair);
/* It was taken in a former life. */
void media_link_retake(struct worker *w, const struct media_address *pair);
/* Is it a port for audio of ours, whether a call has it or not? */
bool media_link_is_ours(const struct worker *w, const struct media_address *a);
/* Is it a port of ours that a call has, for RTP or RTCP? */
bool media_link_is_taken(const struct worker *w, const struct media_address *a);
/* The stream of this call is to be as it says; media_link_hurry. */
void media_link_stream(struct worker *w, uint64_t call, const struct stream *s);
/* What was said leaves now: before the message that lets a phone begin to send. */
void media_link_hurry(struct worker *w);
/* What is to be known of a call that stands after a restart of this role. */
void media_link_record(struct worker *w, const struct ticket *t);
/* Asks for the figures of a call; call_question_figures gets them with `number`. False: there is
 * nobody to ask. */
bool media_link_ask(struct worker *w, uint64_t call, uint64_t number);
/* Asks for the counts of the role; question_role gets them with `number`. False: there is nobody to
 * ask. */
bool media_link_ask_role(struct worker *w, uint64_t number);
/* The call is over; history_closed gets its figures. */
void media_link_close(struct worker *w, uint64_t call);

#endif
