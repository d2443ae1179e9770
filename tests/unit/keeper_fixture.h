/* A keeper with a store of its own, a sip role and a parent played by the test. */
#ifndef OFFHOOK_TESTS_UNIT_KEEPER_FIXTURE_H
#define OFFHOOK_TESTS_UNIT_KEEPER_FIXTURE_H

#include <event2/event.h>

#include "auth/digest.h"
#include "db/keeper.h"

#define SECRETS 32

struct fixture {
    char folder[64], path[96], socket[96], error[256];
    struct event_base *base;
    struct keeper *keeper;
    struct channel *sip; /* the sip role's end */
    /* what the sip role was told */
    uint8_t secret[SECRETS];
    unsigned secrets, snapshots, verdicts, changes, ends, questions;
    unsigned users, aliases, bindings, bans; /* in the snapshot */
    enum verdict verdict;                    /* the last one */
    unsigned verdict_counts[VERDICT_UNAVAILABLE + 1];
    char verdict_user[64], change[128], question[256];
    unsigned responses, kept;
    uint64_t kept_id;
    char response[256]; /* "username hex" */
    uint64_t question_id;
    /* what the parent was asked */
    char asked[256];
    uint64_t asked_id;
};

enum error start(struct fixture *f, const char *realm);
void connect_sip(struct fixture *f);
/* Turns the loop until *counter reaches n; fails after 10 s. */
void turn_until(struct fixture *f, const unsigned *counter, unsigned n);
int setup(void **state);
int setup_connected(void **state);
int teardown(void **state);
/* Packs a claim that knows the password. */
void pack_claim(struct pack *k, const char *number, const char *password);
void send_check(struct fixture *f, const char *number, const char *password);
void send_register(struct fixture *f, const char *number, const char *password, const char *aor,
                   const char *contact);

#endif
