/* Roles: the processes of the daemon, each this same program executed again. What is here runs on
 * the role's side; server/parent.h is the other end. */
#ifndef OFFHOOK_SERVER_ROLE_H
#define OFFHOOK_SERVER_ROLE_H

#include "server/config.h"

#define ROLE_PARENT_FD 3 /* the channel to the parent */

enum role { ROLE_KEEPER, ROLE_MEDIA, ROLE_SIP, ROLES };

/* Messages on the channel between the parent and a role. */
enum role_message {
    /* parent -> role, at the start, in this order */
    ROLE_CONFIG = 1, /* u16 length of file name, name, text of the configuration file */
    ROLE_LISTENER,   /* id: as below; fd: the bound (TCP: listening) socket */
    ROLE_TLS,        /* sip, also before ROLE_PREPARE: fd of the files of tls { } (tls_files.h) */
    ROLE_CONTROL,    /* keeper: fd of the listening control socket; u32 uid of the owner */
    ROLE_START,      /* all is there: sandbox yourself, work, answer ROLE_READY */
    /* parent -> role, later */
    ROLE_PEER,    /* u8 enum role; fd: new channel to that role (replaces an older one) */
    ROLE_PREPARE, /* as ROLE_CONFIG: answer ROLE_PREPARED, keep it for ROLE_COMMIT */
    ROLE_COMMIT,
    ROLE_ABORT,
    ROLE_PING,   /* answer ROLE_PONG with the same id */
    ROLE_STREAM, /* answers ROLE_WANT_STREAM: fd of an unconnected TCP socket, or none */
    ROLE_ANSWER, /* answers ROLE_ASK: u8 last, JSON text */
    ROLE_STOP,   /* end cleanly */
    ROLE_SOCKET, /* answers ROLE_WANT_SOCKET, same id: fd of an unconnected socket, or none */
    ROLE_LEDGER, /* media, before ROLE_START: fd of the ledger of its calls */
    ROLE_PORT,   /* media, also before ROLE_START: address of a pair of ports, u8 1: RTCP; fd */
    ROLE_KERNEL, /* media, before ROLE_LEDGER: fd of the kernel path's map; not sent without one */
    ROLE_PORTS,  /* media, ends the answer to ROLE_WANT_PORTS: address, u8 1: there are no more */
    /* role -> parent */
    ROLE_READY,
    ROLE_FAILED,   /* text for people: the daemon cannot start or the role cannot go on */
    ROLE_PREPARED, /* u8 ok, text */
    ROLE_PONG,
    ROLE_WANT_STREAM, /* u8 4 or 6: sip may not call socket() itself */
    ROLE_WANT_SOCKET, /* sip, to ask name servers; id: ROLE_SOCKET_IPV6, ROLE_SOCKET_STREAM */
    ROLE_WANT_PORTS,  /* media: address of ours, u16: so many more pairs of ports */
    ROLE_ASK,         /* keeper: JSON control request that is the parent's to answer */
};

/* Bits of the socket wanted; without them a datagram socket of IPv4. */
#define ROLE_SOCKET_IPV6   1u
#define ROLE_SOCKET_STREAM 2u

struct event_base;

/* What a role is given to live on. Owned by role.c. */
struct role_context {
    enum role role;
    struct event_base *base;
    struct channel *parent;
    struct config *config; /* replaced at ROLE_COMMIT, before ops->commit */
    int *listeners;        /* sip: as listeners_open has made them */
    int control;           /* keeper, else -1 */
    int tls;               /* sip: what the last ROLE_TLS brought, until it is taken; else -1 */
    int kernel;            /* media: the kernel path's map, until it is taken; else -1 */
    uid_t owner;           /* uid that the daemon was started under */
    const char *database;  /* keeper: config->database as it is called inside the chroot */
    void *state;           /* the role's own */
};

/* What a role is made of. Errors are texts for people. */
struct role_ops {
    const char *name;
    /* Optional: what has to be asked of the system before the sandbox closes. */
    bool (*early)(struct role_context *c, char error[256]);
    /* Optional: what comes before the start and is this role's own; owns m->fd. */
    void (*hand_over)(struct role_context *c, const struct channel_message *m);
    /* Begins to work; the sandbox is closed already. false: error goes to the parent, which ends.
     */
    bool (*start)(struct role_context *c, char error[256]);
    /* A new channel to another role; takes over fd. */
    void (*peer)(struct role_context *c, enum role other, int fd);
    /* Reload, two-phase. prepare must change nothing; optional, as are commit and abort. */
    bool (*prepare)(struct role_context *c, const struct config *next, char error[256]);
    void (*commit)(struct role_context *c);
    void (*abort)(struct role_context *c);
    /* Anything else from the parent (ROLE_STREAM, ROLE_ANSWER); owns m->fd. */
    void (*message)(struct role_context *c, const struct channel_message *m);
    /* Ends: writes out what waits, frees everything. */
    void (*stop)(struct role_context *c);
};

extern const struct role_ops keeper_role, media_role, sip_role;

/* main() of a re-executed role: channel to the parent is descriptor 3. Returns the exit status. */
int role_main(enum role role);

#endif
