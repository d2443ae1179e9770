/* What the files of the parent share. */
#ifndef OFFHOOK_SERVER_DAEMON_H
#define OFFHOOK_SERVER_DAEMON_H

#include "server/child.h"
#include "server/config.h"
#include "server/media_kernel.h"
#include "server/media_ports.h"

/* A reload that waits for the roles' answers. */
struct reload {
    struct config *next; /* NULL: none under way */
    struct pack text;    /* as ROLE_PREPARE carries it */
    int tls;             /* as ROLE_TLS carries it, -1 for none */
    uint64_t id;
    unsigned waiting;    /* a bit per role that has not answered */
    bool committed;      /* the roles were told; it is waited until they act on it */
    bool asked;          /* somebody waits at the control socket, else it was SIGHUP */
    uint64_t asker;      /* id of the ROLE_ASK */
    struct pack changes; /* views, one per changed key */
    struct event *timeout;
};

struct daemon {
    const char *path, *file; /* path may be NULL, file never */
    struct config *config;
    struct pack text; /* of the configuration in force: file name and dump, for the roles */
    struct event_base *base;
    int *listeners, control;
    int tls; /* sealed memfd of the files of tls { } in force, -1 for none */
    struct child children[ROLES];
    struct media_ports ports;
    struct media_kernel kernel;
    bool unlinked[ROLES]; /* the channel between this role and sip has lost an end */
    struct reload reload;
    struct event *signals[4], *watchdog, *kill;
    uint64_t begun, ping, alive_span; /* ms */
    bool ready, stopping, ipv6;
    int status; /* exit status */
};

/* Reads and checks the file; problem is told what is wrong, at least one text when NULL is
 * returned. */
struct config *daemon_configure(const char *path, config_problem *problem, void *arg);
/* Writes config as the roles get it. ERR_LIMIT when that is too long for a message, ERR_MEMORY. */
enum error daemon_text(const struct daemon *d, const struct config *config, struct pack *out);
/* Begins to stop; the exit status will be `status` unless one was set before. */
void daemon_stop(struct daemon *d, int status);
/* Answers the control request id with one line of JSON; takes over json (a json_t, may be NULL). */
void daemon_answer(struct daemon *d, uint64_t id, bool last, void *json);
/* A control request (ROLE_ASK) from the keeper. */
void daemon_asked(struct daemon *d, uint64_t id, struct view request);

/* Begins a reload. asked: the control request asker gets the answer. */
void reload_begin(struct daemon *d, bool asked, uint64_t asker);
/* A role's ROLE_PREPARED. */
void reload_prepared(struct daemon *d, enum role role, const struct channel_message *m);
/* A role's ROLE_PONG: it has dealt with all that was sent before. */
void reload_ponged(struct daemon *d, enum role role, uint64_t id);
/* A role died: what waits for it is called off. */
void reload_role_gone(struct daemon *d, enum role role);
void reload_free(struct reload *r);

#endif
