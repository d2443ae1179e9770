/* A role as the parent sees it: a process and the channel to it. */
#ifndef OFFHOOK_SERVER_CHILD_H
#define OFFHOOK_SERVER_CHILD_H

#include <sys/types.h>

#include "server/role.h"

#define CHILD_DEATHS 5 /* within a minute end the parent */

struct event;

struct child {
    enum role role;
    pid_t pid; /* 0: does not run */
    struct channel *channel;
    bool ready;
    unsigned starts;
    uint64_t started, answered;    /* ms, clock_ms(): of this process, of its last PONG */
    uint64_t deaths[CHILD_DEATHS]; /* ms, a ring */
    unsigned death_count;
    unsigned wait;     /* ms before the next start */
    unsigned failures; /* starts in a row that ended in ROLE_FAILED: no crash, a thing to mend */
    struct event *restart;
};

const char *role_name(enum role role);
/* Starts the process and the channel to it; handler gets its messages. ERR_SYSTEM, ERR_MEMORY. */
enum error child_spawn(struct child *c, struct event_base *base,
                       const struct channel_handler *handler);
/* Sends a message, if there is somebody to send it to. */
void child_send(struct child *c, enum role_message type, uint64_t id, struct view body, int fd);
/* Closes the channel. */
void child_close(struct child *c);
/* Notes that the process ended; *why says how. True when it died too often. */
bool child_died(struct child *c, int wait_status, char why[64]);

#endif
