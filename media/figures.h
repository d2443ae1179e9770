/* The figures of one stream of packets, as it came from a phone: loss, order, jitter (RFC 3550
 * appendix A), round trip by RTCP, and what that means for who listens (ITU-T G.107). */
#ifndef OFFHOOK_MEDIA_FIGURES_H
#define OFFHOOK_MEDIA_FIGURES_H

#include "media/learn.h"

/* Zeroed: nothing has come yet. */
struct figures {
    uint64_t packets, bytes; /* of RTP; bytes of payload and header, not of UDP and IP */
    uint64_t expected;       /* of sources before this one */
    uint64_t reordered;
    uint64_t reports;             /* RTCP packets */
    uint64_t strangers;           /* packets that were not accepted */
    uint64_t first, last;         /* ms of the first and of the last packet */
    uint32_t ssrc, base, highest; /* sequence numbers, extended by their cycles */
    uint32_t transit;             /* RFC 3550 A.8: of the last packet, in timestamp units */
    uint32_t jitter;              /* in timestamp units, times 16 */
    uint32_t clock;               /* Hz, of the type below */
    uint32_t round_trip;          /* us between us and the phone; 0: not known */
    uint32_t report_sent; /* the middle of the NTP time of the report that went to the phone last */
    uint64_t report_time; /* us when that was */
    uint32_t lost_there;  /* packets that the phone itself has missed, by its own reports */
    uint8_t fraction_there; /* of 256, in its last report */
    uint8_t type;           /* payload type of the codec seen last */
    bool begun;
};

/* An RTP packet of n bytes; now in us; clock in Hz of its payload type, 0: not known. */
void figures_rtp(struct figures *f, const struct learn_packet *p, uint32_t timestamp, size_t n,
                 uint64_t now, uint32_t clock);
/* One between those of the codec, comfort noise (RFC 3389) or an event (RFC 4733): it is counted,
 * no more. */
void figures_aside(struct figures *f, const struct learn_packet *p, size_t n, uint64_t now);
/* What another program has counted of the same source, beyond what it had told before. */
struct figures_gain {
    uint64_t packets, bytes, reordered;
    uint64_t last;     /* ms */
    uint16_t sequence; /* the highest */
    bool restarted;    /* all are those of a new beginning, whose numbers are not known */
};
/* Adds it. The jitter is the caller's affair. */
void figures_gain(struct figures *f, const struct figures_gain *g);
/* Packets that have not come. */
uint64_t figures_lost(const struct figures *f);
/* us */
uint32_t figures_jitter(const struct figures *f);

/* What a codec suffers from loss (ITU-T G.113 appendix I). */
struct codec_impairment {
    double impairment, robustness; /* Ie and Bpl */
};

/* MOS, 1 to 4.5, times 100, of what came from `from` and was sent on to the phone of `to`: the
 * E-model by loss, round trips and jitter; codec in upper case, "" is that of the static payload
 * type. 0: nothing came. */
unsigned figures_mos(const struct figures *from, const struct figures *to, struct view codec);

#endif
