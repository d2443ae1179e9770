/* Inside of the keeper: what its files share. Private to db/. */
#ifndef OFFHOOK_DB_KEEPER_INSIDE_H
#define OFFHOOK_DB_KEEPER_INSIDE_H

#include <jansson.h>

#include "db/keeper.h"
#include "db/remembered.h"

struct event;
struct control;

/* An answer that waits for the commit of its group. */
struct waiting {
    enum keeper_message type;
    uint64_t id;
    size_t offset, n; /* its body in keeper.answers */
};

struct keeper {
    struct event_base *base;
    struct store *store;
    struct keeper_hooks hooks;
    char *default_domain, *realm;
    uid_t owner;
    struct channel *sip; /* NULL while the sip role is away */
    bool hello;          /* sip asked for its snapshot */
    bool snapshot_due;   /* sip missed a change, or the store could not be read */
    bool broken;         /* the store failed; said once */
    struct event *tick, *prune;
    unsigned ticks;        /* s of its life */
    bool prunable;         /* the last pruning left dead rows */
    bool history_prunable; /* there may be calls that are too old */
    bool used;             /* a group was committed since the last tick */
    struct pack scratch;
    struct remembered *remembered;

    /* The group that gathers rows until `drained` (group.c). */
    struct pack answers;
    struct waiting *waiting;
    size_t waiting_count, waiting_room;
    unsigned rows, calls;   /* appended in the open transaction; calls among them */
    enum error group_error; /* the first failure in it */

    struct control *control; /* control.c; NULL until there is a socket */
};

/* keeper.c: says a failure of the store once; OK, after a commit: says that it works again. */
void keeper_store_result(struct keeper *k, enum error e);
/* Sends what k->scratch holds to sip. False: sip is away or its queue is full. */
bool keeper_tell(struct keeper *k, enum keeper_message type, uint64_t id);
/* verdict.c */
void verdict_check(struct keeper *k, uint64_t id, struct view body);
void verdict_register(struct keeper *k, uint64_t id, struct view body);
/* group.c: lets what k->scratch holds wait for the commit. False without memory: there will be no
 * answer, sip asks again. */
bool group_wait(struct keeper *k, enum keeper_message type, uint64_t id);
/* Opens the transaction unless it is open. False: the group has failed. */
bool group_begin(struct keeper *k);
/* A row was written in it, with this result. */
void group_put(struct keeper *k, enum error e);
/* Commits the group and lets its answers go. */
void group_commit(struct keeper *k);
/* history.c: a call that is over joins the group. */
void history_keep(struct keeper *k, uint64_t id, struct view body);
/* Deletes calls that are too old: within a group that added some; once a second while idle. */
enum error history_prune_along(struct keeper *k);
void history_prune(struct keeper *k);
/* response.c: answers a gateway's challenge. */
void response_send(struct keeper *k, uint64_t id, struct view body);
/* snapshot.c: everything that sip works with, as a sealed memfd. */
enum error snapshot_make(struct store *store, int *fd, uint64_t *size);
/* control.c: the socket and its clients. */
enum error control_new(struct control **out, struct keeper *k, int fd);
void control_free(struct control *c);
/* Once a second: accepts again after a shortage of descriptors. */
void control_tick(struct control *c);
void control_sip_answer(struct control *c, uint64_t id, bool last, struct view json);
void control_parent_answer(struct control *c, uint64_t id, bool last, struct view json);
/* sip is gone: its questions end. */
void control_sip_gone(struct control *c);

#endif
