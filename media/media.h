/* The face of media/: session descriptions, and the relay of their audio. The media role owns the
 * sockets and calls; the sip role tells it by messages (message.h) what is to be relayed. Knows
 * nothing of routing. */
#ifndef OFFHOOK_MEDIA_MEDIA_H
#define OFFHOOK_MEDIA_MEDIA_H

#include "media/ledger.h"
#include "media/message.h"
#include "media/report.h"
#include "media/stream.h"

struct event_base;
struct media;

struct media_options {
    int ledger;           /* its descriptor (ledger_create), taken over */
    int kernel;           /* descriptor of the kernel path's map, taken over; -1: there is none */
    unsigned timeout;     /* s of silence on both sides after which a call is reported */
    uint16_t first, last; /* ports for calls */
    /* So many more pairs of ports of this host address are wanted. */
    void (*want)(void *arg, const struct media_address *host, unsigned count);
    void *arg;
};

/* ERR_MEMORY, ERR_SYSTEM. */
enum error media_new(struct media **out, struct event_base *base,
                     const struct media_options *options);
/* The calls go on where they are: their packets are read by the next one. */
void media_free(struct media *m);
/* Takes over a descriptor of a pair of ports that begins with `local`. */
void media_add_port(struct media *m, const struct media_address *local, bool rtcp, int fd);
/* What was wanted has come as far as possible; exhausted: there are no more of this host. */
void media_ports_answered(struct media *m, const struct media_address *host, bool exhausted);
/* The ports of a former life are there: its calls go on. */
void media_adopt(struct media *m);
/* A descriptor that others read: the parent's channel (it stays the caller's). ERR_SYSTEM. */
enum error media_watch(struct media *m, int fd);
/* Takes over fd, a new channel to the sip role. */
void media_connect(struct media *m, int fd);
void media_set_timeout(struct media *m, unsigned timeout);

#endif
