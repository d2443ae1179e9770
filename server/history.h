/* Calls on their way into the history: their audio is closed, its figures are waited for, and the
 * keeper is told until it has them on disk. */
#ifndef OFFHOOK_SERVER_HISTORY_H
#define OFFHOOK_SERVER_HISTORY_H

#include "server/ticket.h"

#define HISTORY_AUDIO_MAX 6000 /* bytes of history_audio: more make no record */

struct history;

/* ERR_MEMORY. */
enum error history_new(struct worker *w);
void history_free(struct worker *w);
/* Takes over the ticket of a call that is over; NULL is nothing. */
void history_add(struct worker *w, struct ticket *t);
/* The media role has closed that session; its reports (media/report.h). */
void history_closed(struct worker *w, uint64_t session, struct view reports);
/* The keeper has it. */
void history_kept(struct worker *w, uint64_t id);
/* There is a new keeper, or a new media role: they are told again. */
void history_tell_keeper(struct worker *w);
void history_tell_media(struct worker *w);
/* Writes the streams of reports as JSON; empty without any. */
void history_audio(struct text *out, struct view reports);

#endif
