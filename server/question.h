/* Control requests that only the sip role can answer: status and trace. */
#ifndef OFFHOOK_SERVER_QUESTION_H
#define OFFHOOK_SERVER_QUESTION_H

#include "media/report.h"
#include "server/worker.h"

/* Answers the JSON request of question id, now or (trace) for as long as it is followed. */
void question_receive(struct worker *w, uint64_t id, struct view json);
/* Nobody listens to question id any more; nor to any. */
void question_end(struct worker *w, uint64_t id);
void question_end_all(struct worker *w);
/* The media role's counts for question id. */
void question_role(struct worker *w, uint64_t id, const struct report_role *role);
/* There is no media role that would answer: the status goes on without it, the rest waits for the
 * next one. */
void question_role_gone(struct worker *w);
/* There is one that knows of none of them yet. */
void question_role_back(struct worker *w);

#endif
