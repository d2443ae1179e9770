/* A channel: one end of a SOCK_SEQPACKET pair between two roles. Messages are small and typed;
 * those queued in one turn of the loop (or in one window) travel in one datagram. */
#ifndef OFFHOOK_BASE_CHANNEL_H
#define OFFHOOK_BASE_CHANNEL_H

#include "base/error.h"
#include "base/view.h"

#define CHANNEL_VERSION     1
#define CHANNEL_MESSAGE_MAX 60000 /* bytes of one message; more goes by memfd */

struct event_base;
struct channel;

/* A received message. body is valid during the call; fd is -1 or a descriptor that the handler
 * owns from now on. */
struct channel_message {
    uint16_t type;
    uint64_t id;
    struct view body;
    int fd;
};

struct channel_handler {
    void (*message)(void *arg, const struct channel_message *m);
    void (*closed)(void *arg);  /* the other end is gone; channel_free may be called here */
    void (*drained)(void *arg); /* optional: after all messages of one wake-up were handed over */
    void *arg;
};

/* Takes over fd (closed by channel_free) and listens on it in base. ERR_MEMORY, ERR_SYSTEM. */
enum error channel_new(struct channel **out, struct event_base *base, int fd,
                       const struct channel_handler *handler);
/* Sends what is queued as far as the socket takes it, then frees. */
void channel_free(struct channel *c);
/* Queues a message; it leaves at the end of this turn of the loop, or of the window. fd (or -1) is
 * duplicated to the other side and stays the caller's. ERR_LIMIT: body too long; ERR_BUSY: the
 * queue is full (8 MB); ERR_MEMORY. */
enum error channel_send(struct channel *c, uint16_t type, uint64_t id, struct view body, int fd);
/* The same, but it may wait up to `window` ms for company. */
enum error channel_send_within(struct channel *c, uint16_t type, uint64_t id, struct view body,
                               unsigned window);
/* Writes out what is queued now. */
void channel_flush(struct channel *c);
/* Bytes waiting to be sent. */
size_t channel_queued(const struct channel *c);
/* A connected pair, close-on-exec, non-blocking. ERR_SYSTEM. */
enum error channel_pair(int fds[2]);

#endif
