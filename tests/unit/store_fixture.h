/* A store on SQLite in a folder of its own, for tests. */
#ifndef OFFHOOK_TESTS_UNIT_STORE_FIXTURE_H
#define OFFHOOK_TESTS_UNIT_STORE_FIXTURE_H

#include "db/store.h"

#define NOW 1000000

struct fixture {
    char folder[64], path[96];
    struct store *store;
    char error[256];
};

/* What callbacks have seen. */
struct seen {
    unsigned count;
    char text[512];
};

struct fixture *fixture_of(void **state);
/* Closes the store and opens its file again. */
enum error reopen(struct fixture *f, enum store_mode mode);
/* A folder without a store; with one that serves. */
int setup(void **state);
int setup_open(void **state);
int teardown(void **state);
enum error put_user(struct store *s, const char *number, const char *auth_name, const char *realm,
                    bool replace);
enum error put_binding(struct store *s, const char *number, const char *contact, int64_t expires,
                       uint32_t cseq);
/* Adds "number contact cseq;" to a struct seen. */
bool see_binding(void *arg, const struct store_binding *b);
struct seen bindings(struct store *s, const char *number);
void run_sql(const char *path, const char *sql);
/* Counts in a struct seen, and keeps the last one. */
void count_problem(void *arg, const char *text);

#endif
