/* A stream as the sip role wants it: one m= line between two phones, who are side 0 (the caller)
 * and side 1. Each side has a pair of our ports, the even one for RTP, the odd one for RTCP. */
#ifndef OFFHOOK_MEDIA_STREAM_H
#define OFFHOOK_MEDIA_STREAM_H

#include "media/address.h"

#define STREAMS_MAX    8 /* in one call */
#define STREAM_FORMATS 6 /* per side; what comes in others has no jitter in ms */

#define STREAM_EVENT "EVENT" /* telephone-event (RFC 4733), in short */

struct stream_format {
    uint32_t clock; /* Hz; 0: not known */
    uint8_t type;   /* RTP payload type */
    char name[11];  /* upper case; "": by the static type */
};

struct stream_side {
    struct media_address local;  /* of ours, RTP, that this phone sends to; port 0: none yet */
    struct media_address rtp;    /* where its description says that it receives; family 0: a host
                                    name; port 0: nothing */
    struct media_address rtcp;   /* the same */
    struct media_address signal; /* the host of its signalling */
    bool trusted;                /* a gateway of ours */
    bool held;                   /* it wants to hear nothing (RFC 2543) */
    uint32_t serial;             /* of its descriptions: a new one opens the learning again */
    struct stream_format formats[STREAM_FORMATS]; /* clock 0: the end */
};

struct stream {
    uint8_t index;  /* of the m= line */
    bool other;     /* not RTP, as T.38 */
    bool secure;    /* DTLS comes too */
    bool encrypted; /* SRTP: what RTCP says cannot be read */
    bool mux;       /* RTCP comes by the RTP port (RFC 5761) */
    bool paused;    /* somebody is on hold: silence is no sign of death */
    struct stream_side sides[2];
};

void stream_pack(struct pack *k, const struct stream *s);
/* False: not written by stream_pack. */
bool stream_unpack(struct stream *out, struct view *rest);
void media_address_pack(struct pack *k, const struct media_address *a);
struct media_address media_address_unpack(struct view *rest, bool *bad);

#endif
