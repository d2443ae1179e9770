/* The relay: packets in at one of our ports, out at another. A lane is one socket: RTP or RTCP of
 * one side. */
#ifndef OFFHOOK_MEDIA_RELAY_H
#define OFFHOOK_MEDIA_RELAY_H

#include <netinet/in.h>

#include "media/ledger.h"
#include "media/pairs.h"

struct event_base;
struct relay;
struct relayed;

/* A socket address as the kernel has it. */
struct lane_address {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    };
    uint8_t size; /* 0: none */
};

struct lane {
    struct relayed *of;
    int fd;
    uint8_t side, rtcp; /* rtcp: 0 or 1 */
    bool mute;          /* its phone is on hold: it hears nothing */
    bool connected;
    bool bound; /* to an address of this host, not to all */
    struct lane_address accept, send;
};

/* A stream that is being relayed. Owned by the caller, who has set `entry` and `pairs`. */
struct relayed {
    struct ledger_stream *entry;
    bool mux, secure, other; /* as the entry says, at hand */
    struct pair *pairs[2];
    struct lane lanes[2][2];
};

struct relay_counts {
    uint64_t packets;   /* that came and went, also by the kernel */
    uint64_t strangers; /* that came from somebody else */
    uint64_t garbage;   /* that were nothing a phone sends */
    uint64_t nowhere;   /* for which there was no place to go, as on hold */
    uint64_t failed;    /* that the system did not send */
};

/* Takes over map, that of the kernel path (kernel_path_map), or -1. ERR_MEMORY, ERR_SYSTEM. */
enum error relay_new(struct relay **out, struct event_base *base, int map);
void relay_free(struct relay *r);
/* While packets come the relay does not leave its own loop, but for what comes on this descriptor,
 * which stays the caller's and is read by others; relay_unwatch before it is closed. ERR_SYSTEM. */
enum error relay_watch(struct relay *r, int fd);
void relay_unwatch(struct relay *r, int fd);
/* Begins to listen for the stream. ERR_SYSTEM. */
enum error relay_start(struct relay *r, struct relayed *s);
/* Ends it; its sockets are nobody's again. */
void relay_stop(struct relay *r, struct relayed *s);
/* What its entry says of where to accept from and send to has changed. */
void relay_settle(struct relay *r, struct relayed *s);
/* The figures in its entry are up to date afterwards. */
void relay_count(struct relay *r, struct relayed *s);
/* The kernel gives back what it relays of the stream: another description follows. */
void relay_slow(struct relay *r, struct relayed *s);
/* All streams of a former life have been started: the kernel forgets what it knew besides. */
void relay_begin(struct relay *r);
/* At least every second: the kernel relays nothing for a media role that is dead. */
void relay_renew(struct relay *r);
struct relay_counts relay_counts(const struct relay *r);

#endif
