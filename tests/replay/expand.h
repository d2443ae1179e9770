/* $(...) in scenarios: addresses, variables, and parts of messages that left. */
#ifndef OFFHOOK_TESTS_REPLAY_EXPAND_H
#define OFFHOOK_TESTS_REPLAY_EXPAND_H

#include "tests/replay/stage.h"

/* Writes text with each $(...) replaced; see README.md. */
void expand(struct text *out, struct view text);
/* Gives variable `name` a value (copied). */
void expand_set(struct view name, struct view value);
void expand_forget(void);

/* A walk over the header lines of a message; *rest begins as the message, the first call cuts the
 * start line off. False at the end of the head. */
bool header_next(struct view *rest, struct view *name, struct view *value);
bool header_is(struct view name, struct view other);
/* The value of the first such header; VIEW_NONE without one. */
struct view header_of(struct view message, struct view name);

#endif
