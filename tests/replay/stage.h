/* The stage: a worker without a network, peers around it, and every message that left it. */
#ifndef OFFHOOK_TESTS_REPLAY_STAGE_H
#define OFFHOOK_TESTS_REPLAY_STAGE_H

#include "server/worker.h"
#include "tests/replay/scenario.h"

#define SERVER_ADDRESS "192.0.2.1"
#define SERVER_PORT    5060
#define SERVER_DOMAIN  "company.test"

struct peer {
    char name[16];
    struct sip_flow flow;
    char uri[256]; /* Request-URI of its last INVITE */
    bool unreachable;
    bool deaf; /* keep-alives to it are not seen */
};

/* A message that left. */
struct packet {
    struct packet *next;
    struct peer *peer;
    uint64_t at; /* virtual ms */
    bool taken;  /* by an `out` line */
    struct view bytes;
};

struct stage {
    struct event_base *base;
    struct config *config;
    struct worker worker;
    struct peer peers[64];
    unsigned peer_count;
    struct packet *packets, **packets_end;
};

extern struct stage stage;

/* Adds a line to the configuration, before stage_open. */
void stage_configure(struct view text);
/* Builds the worker, its clock standing still. Once; later calls do nothing. */
void stage_open(void);
void stage_close(void);
/* Adds a peer at "192.0.2.10:5060"; tcp for the transport TCP. */
void stage_peer(struct view name, struct view address, bool tcp);
/* The peer called name; fails the test without one. */
struct peer *stage_find(struct view name);
/* "192.0.2.10:5060" of a peer. */
void stage_address(const struct peer *peer, struct text *out);
/* Gives the worker a message from peer. */
void stage_receive(struct peer *peer, struct view bytes);
/* Lets ms pass, timer by timer. */
void stage_advance(uint64_t ms);
/* Lets what is under way between worker and keeper arrive. */
void stage_settle(void);
/* Fails when a message left that no `out` has taken. */
void stage_expect_silence(void);
/* The next message to peer that no `out` has taken; NULL. */
struct packet *stage_next(const struct peer *peer);
/* The last message taken by `out` whose method (a request's) or status is `kind`; empty: any. */
struct packet *stage_last(const struct peer *peer, struct view kind);

#endif
