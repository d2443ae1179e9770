/* The keeper: the one process that holds the database and the password hashes. It checks claims,
 * commits bindings in groups, serves the control socket and tells the sip role what changed.
 * Messages with the sip role travel over a channel (base/channel.h); the id of an answer is the id
 * of its question. */
#ifndef OFFHOOK_DB_KEEPER_H
#define OFFHOOK_DB_KEEPER_H

#include <sys/types.h>

#include "auth/claim.h"
#include "db/change.h"
#include "db/store.h"

enum keeper_message {
    /* sip -> keeper */
    KEEPER_HELLO = 1, /* asks for SECRET and SNAPSHOT */
    KEEPER_CHECK,     /* a claim; answered by VERDICT */
    KEEPER_REGISTER,  /* a claim, u16 n, n bindings; answered by VERDICT after the commit */
    KEEPER_ANSWER,    /* to a QUESTION: u8 last, JSON text of one line */
    /* keeper -> sip */
    KEEPER_SECRET,       /* 32 bytes from which sip derives its keys */
    KEEPER_SNAPSHOT,     /* u64 length; fd: sealed memfd of changes, replaces all that was known */
    KEEPER_VERDICT,      /* u8 enum verdict, number, domain of the user */
    KEEPER_CHANGE,       /* one change */
    KEEPER_QUESTION,     /* JSON text of a control request that sip answers */
    KEEPER_QUESTION_END, /* who asked is gone: no more answers to this id */
    /* sip -> keeper */
    KEEPER_GATEWAY_CHALLENGE, /* gateway name, a claim without username and response: a gateway
                                 challenged us; answered by GATEWAY_RESPONSE */
    KEEPER_BAN, /* a change: CHANGE_BAN, made by sip; answered by the same as KEEPER_CHANGE */
    /* keeper -> sip */
    KEEPER_GATEWAY_RESPONSE, /* username, response in hex; both empty: there is no such gateway, or
                                no password for it that can be read */
    /* sip -> keeper */
    KEEPER_CALL, /* a call that is over (db/record.h); answered by CALL_KEPT once it is on disk.
                    While the database fails there is no answer: sip repeats it, to the next keeper
                    or after a while. Repeated ones are kept once. */
    /* keeper -> sip */
    KEEPER_CALL_KEPT, /* empty: sip may forget the call */
};

enum verdict {
    VERDICT_OK = 1,      /* proven; with REGISTER: and on disk */
    VERDICT_DENIED,      /* unknown user or wrong response, not told apart */
    VERDICT_FORBIDDEN,   /* proven, but a binding is not for this user's address-of-record */
    VERDICT_UNAVAILABLE, /* the database could not do it: 503 */
};

/* How the keeper reaches the parent, for the commands that only the parent can carry out. */
struct keeper_hooks {
    /* Sends request (JSON text: reload, stop, status) to the parent; the answer comes back through
     * keeper_parent_answer with the same id. */
    void (*ask_parent)(void *arg, uint64_t id, struct view request);
    void *arg;
};

struct keeper_options {
    const char *database;       /* as the store takes it, after any chroot */
    struct view default_domain; /* for commands that name none */
    struct view realm;
    uid_t owner; /* who may use the control socket beside root and the keeper */
    struct keeper_hooks hooks;
};

struct event_base;
struct keeper;

/* Opens the store and readies itself; text for people in error on failure (see store_open; also
 * ERR_DENIED when users' hashes were made for another realm: the text says how many and what to
 * do). */
enum error keeper_new(struct keeper **out, struct event_base *base,
                      const struct keeper_options *options, char error[256]);
void keeper_free(struct keeper *k);
/* For a reload: may the daemon go on under this realm? ERR_DENIED with a text for people when
 * users' hashes were made for another one. */
enum error keeper_realm_fits(struct keeper *k, struct view realm, char error[256]);
/* From now on commands that name no domain mean this one and passwords are hashed for this realm;
 * both are copied. ERR_MEMORY: nothing changed. */
enum error keeper_configure(struct keeper *k, struct view default_domain, struct view realm);
/* Takes over fd, the new channel to the sip role; an older one is dropped. */
enum error keeper_connect(struct keeper *k, int fd);
/* Takes over fd, a listening AF_UNIX stream socket, and serves the control protocol on it. */
enum error keeper_control(struct keeper *k, int fd);
/* One line (JSON) of the parent's answer to question id; last ends it. */
void keeper_parent_answer(struct keeper *k, uint64_t id, bool last, struct view json);

#endif
