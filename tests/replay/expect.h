/* What has to leave. */
#ifndef OFFHOOK_TESTS_REPLAY_EXPECT_H
#define OFFHOOK_TESTS_REPLAY_EXPECT_H

#include "tests/replay/expand.h"

/* Takes the next message to a peer and holds it against an `out` step. */
void expect_out(const struct step *step);
/* Compares a counter or a count, `expect NAME VALUE`. */
void expect_value(struct view name, struct view value);
/* Does text fit the pattern, in which each * stands for any text? */
bool glob_matches(struct view pattern, struct view text);

#endif
