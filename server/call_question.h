/* Control requests about calls that stand: call list, call show, call hangup. */
#ifndef OFFHOOK_SERVER_CALL_QUESTION_H
#define OFFHOOK_SERVER_CALL_QUESTION_H

#include <jansson.h>

#include "server/worker.h"

/* Answers request, of that id, if it is one of them; false: it is not. */
bool call_question(struct worker *w, uint64_t id, struct view command, const json_t *request);
/* The media role's answer to a question of call show; reports: media/report.h. */
void call_question_figures(struct worker *w, uint64_t id, uint64_t session, struct view reports);

#endif
