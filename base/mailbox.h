/* A mailbox: messages from one thread to another. They are gathered in memory, under a lock that is
 * held for the time of a copy; the reader is woken, or, with much traffic, looks by itself every
 * few ms, for waking it for each message costs more than the message. */
#ifndef OFFHOOK_BASE_MAILBOX_H
#define OFFHOOK_BASE_MAILBOX_H

#include "base/error.h"
#include "base/view.h"

struct event_base;
struct mailbox;

/* A message; body is valid during the call. */
struct letter {
    uint16_t type;
    uint64_t id;
    struct view body;
};

struct mailbox_handler {
    void (*letter)(void *arg, const struct letter *l);
    void (*emptied)(void *arg); /* after all that was there was handed over */
    void (*closed)(void *arg);  /* optional: nothing more comes */
    void *arg;
};

/* A mailbox that is read in base. ERR_MEMORY, ERR_SYSTEM. */
enum error mailbox_new(struct mailbox **out, struct event_base *base,
                       const struct mailbox_handler *handler);
/* Once neither thread uses it; unread letters are lost. NULL is nothing. */
void mailbox_free(struct mailbox *m);
/* From the writer's thread: a letter whose body is head and, behind it, rest. ERR_BUSY: 8 MB are
 * unread; ERR_MEMORY. */
enum error mailbox_post(struct mailbox *m, uint16_t type, uint64_t id, struct view head,
                        struct view rest);
/* From the writer's thread: the last one was posted. */
void mailbox_close(struct mailbox *m);

#endif
