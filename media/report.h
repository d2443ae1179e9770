/* Reports: the figures of a call as the media role tells them. */
#ifndef OFFHOOK_MEDIA_REPORT_H
#define OFFHOOK_MEDIA_REPORT_H

#include "media/ledger.h"

/* What came from one side of a stream. */
struct report_side {
    struct media_address accept, send, local; /* port 0: none */
    uint64_t packets, bytes, lost, reordered, reports, strangers;
    uint32_t jitter, round_trip; /* us */
    uint32_t lost_there;         /* that the phone has missed, by its own reports */
    uint16_t mos;                /* times 100, of what came from here; 0: nothing did */
    uint8_t type;
    char codec[11];
};

struct report {
    uint8_t index; /* of the m= line */
    bool kernel;   /* it goes by the fast path, at least in one direction */
    struct report_side sides[2];
};

/* The role as a whole. */
struct report_role {
    uint64_t packets, strangers, garbage, nowhere, failed;
    uint32_t calls, streams, pairs, pairs_used;
};

/* Of figures that are up to date (relay_count). */
struct report report_make(const struct ledger_stream *s);
void report_pack(struct pack *k, const struct report *r);
/* False: not written by report_pack. */
bool report_unpack(struct report *out, struct view *rest);
void report_role_pack(struct pack *k, const struct report_role *r);
bool report_role_unpack(struct report_role *out, struct view *rest);

#endif
