/* A scenario file, cut into steps: a command line and the indented lines below it. */
#ifndef OFFHOOK_TESTS_REPLAY_SCENARIO_H
#define OFFHOOK_TESTS_REPLAY_SCENARIO_H

#include "base/base.h"

#define STEP_LINES 32
#define STEP_WORDS 16

struct step {
    unsigned number;               /* of the command's line */
    struct view words[STEP_WORDS]; /* the command, expanded; missing ones are empty */
    unsigned word_count;           /* with the command's name */
    struct view lines[STEP_LINES]; /* as written, without the indentation */
    unsigned line_count;
};

/* Reads the file; fails the test when it cannot. */
void scenario_open(const char *path);
void scenario_close(void);
/* The next step, its words not yet expanded. False at the end. */
bool scenario_next(struct step *out);
/* Prints "file:line: text" of the running step and ends the test as failed. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
