/* Control requests that only the sip role can answer: status and trace. */
#ifndef OFFHOOK_SERVER_QUESTION_H
#define OFFHOOK_SERVER_QUESTION_H

#include "server/worker.h"

/* Answers the JSON request of question id, now or (trace) for as long as it is followed. */
void question_receive(struct worker *w, uint64_t id, struct view json);
/* Nobody listens to question id any more; nor to any. */
void question_end(struct worker *w, uint64_t id);
void question_end_all(struct worker *w);

#endif
