/* The trace: the last messages that came and went, in a ring of fixed size, and those who follow.
 */
#ifndef OFFHOOK_SERVER_TRACE_H
#define OFFHOOK_SERVER_TRACE_H

#include "server/worker.h"

enum trace_direction { TRACE_IN, TRACE_OUT };

struct trace;

enum error trace_new(struct worker *w);
void trace_free(struct worker *w);
void trace_record(struct trace *t, enum trace_direction direction, const struct sip_flow *peer,
                  struct view bytes);
/* Answers a trace request: what the ring holds, then, with follow, all that comes. number and
 * call_id filter, when they are not empty. */
void trace_question(struct trace *t, uint64_t id, struct view number, struct view call_id,
                    bool follow);
void trace_end(struct trace *t, uint64_t id);
void trace_end_all(struct trace *t);

#endif
