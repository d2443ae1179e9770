/* A keeper without a database, at the other end of a real channel. */
#ifndef OFFHOOK_TESTS_REPLAY_KEEPER_H
#define OFFHOOK_TESTS_REPLAY_KEEPER_H

#include "tests/replay/stage.h"

/* Connects to the worker. */
void keeper_open(void);
void keeper_close(void);
/* A user that exists, here and in the worker's location; the display name may be empty. */
void keeper_user(struct view number, struct view password, struct view name);
/* From now on questions are answered at once, or held. */
void keeper_hold(bool hold);
/* Answers the oldest question that is held: "ok", "denied", "forbidden", "unavailable", or empty
 * for what the password says. */
void keeper_answer(struct view verdict);
unsigned keeper_held(void);
/* Its end of the channel closes, and comes back. */
void keeper_gone(void);
void keeper_back(void);

#endif
