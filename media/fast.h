/* Streams on the fast path: which of them the kernel may relay, and what it has counted of them.
 * Everything that is known of a direction stands in the ledger, so that the next media role can go
 * on with it. Private to media/. */
#ifndef OFFHOOK_MEDIA_FAST_H
#define OFFHOOK_MEDIA_FAST_H

#include "media/figures.h"
#include "media/kernel.h"

struct ledger_stream;

/* One direction of a stream. Zeroed: it is in user space. */
struct fast_way {
    struct kernel_flow flow;     /* what the kernel relays, or may relay from `due` on */
    uint64_t due;                /* ms; 0: it may not */
    uint64_t entered;            /* ms since when the kernel relays it; 0: it does not */
    struct kernel_counts counts; /* of the kernel's, what the figures have already */
    uint32_t jitter;             /* of the figures when it entered */
};

struct fast {
    int map;          /* -1: there is no fast path */
    int64_t ahead;    /* ns by which CLOCK_BOOTTIME, our time, is ahead of CLOCK_MONOTONIC */
    uint64_t packets; /* that the kernel has relayed */
};

/* Takes over map, a descriptor, or -1. */
void fast_open(struct fast *f, int map);
void fast_close(struct fast *f);
/* Forgets what a former life has left in the kernel and takes the lease. When that cannot be done
 * there is no fast path. */
void fast_begin(struct fast *f);
/* The lease stands for two seconds more. */
void fast_renew(struct fast *f);

/* Of `side` of s a packet came to user space; now in ms. The kernel gets what follows, once it is
 * clear for a second where that comes from and goes to. */
void fast_enter(struct fast *f, struct ledger_stream *s, unsigned side, uint64_t now);
/* Figures and learning of `side` know all that the kernel has relayed. */
void fast_count(struct fast *f, struct ledger_stream *s, unsigned side);
/* User space gets back what ought to go elsewhere by now. */
void fast_settle(struct fast *f, struct ledger_stream *s);
/* A few times a second: counts, settles, and gives user space what has fallen silent, as its phone
 * may go on from another port. */
void fast_tend(struct fast *f, struct ledger_stream *s, uint64_t now);
/* User space gets all of s back. */
void fast_leave(struct fast *f, struct ledger_stream *s);
/* Does the kernel relay something of s? */
bool fast_relays(const struct ledger_stream *s);

/* What the kernel may relay of what comes from `side`. False: nothing, as user space has to look
 * at it or it goes nowhere. For fast.c and its tests. */
bool fast_flow(struct kernel_flow *out, const struct ledger_stream *s, unsigned side);
/* Adds to figures what the kernel's counts of w say beyond those of the last time; last in ms.
 * False: its numbers have begun anew, which only user space understands. */
bool fast_add(struct fast_way *w, const struct kernel_counts *counts, struct figures *out,
              uint64_t last);

#endif
