/* Control requests that wait for what the media role knows. */
#ifndef OFFHOOK_SERVER_QUESTION_WAIT_H
#define OFFHOOK_SERVER_QUESTION_WAIT_H

#include "server/worker.h"

/* Request id waits for the figures of this session; 0: for the counts of the role. False: too many
 * do. */
bool question_wait(struct worker *w, uint64_t id, uint64_t session);
/* It does no more; false: it did not, or not for this. */
bool question_wait_end(struct worker *w, uint64_t id, uint64_t session);
/* The same, whatever it waits for. */
void question_wait_drop(struct worker *w, uint64_t id);
void question_wait_drop_all(struct worker *w);

#endif
