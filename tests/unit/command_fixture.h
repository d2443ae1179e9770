/* Commands on a store of its own, for tests: what they answer and change is kept. */
#ifndef OFFHOOK_TESTS_UNIT_COMMAND_FIXTURE_H
#define OFFHOOK_TESTS_UNIT_COMMAND_FIXTURE_H

#include "db/command.h"

struct fixture {
    char folder[64], path[96], error[256];
    struct store *store;
    json_t *items;
    unsigned changes;
    char change[256]; /* the last one */
};

int setup(void **state);
int teardown(void **state);
/* Runs the request written with ' for ". The items are in f->items. */
json_t *run(struct fixture *f, const char *text);
void run_ok(struct fixture *f, const char *text);
/* Runs what has to be refused with a text that holds `why`. */
void run_refused(struct fixture *f, const char *text, const char *why);
const char *item_text(struct fixture *f, size_t index, const char *key);
json_int_t run_number(struct fixture *f, const char *text, const char *key);

#endif
