/* Address learning: where a phone's packets are accepted from and where packets for it are sent to
 * are two addresses. Who signalled nothing is never either of them, whatever he sends; what cannot
 * be told apart is a sender behind the same NAT who copies SSRC and sequence numbers of a phone
 * that has fallen silent. */
#ifndef OFFHOOK_MEDIA_LEARN_H
#define OFFHOOK_MEDIA_LEARN_H

#include "media/address.h"

/* What a packet shows of the stream that it belongs to. */
struct learn_packet {
    enum { LEARN_RTP, LEARN_RTCP, LEARN_DTLS, LEARN_OTHER } kind;
    uint8_t type;      /* RTP: payload type */
    uint16_t sequence; /* RTP */
    uint32_t ssrc;     /* RTP and RTCP: of the sender */
};

/* One socket's knowledge of its phone. Zeroed: nobody is let in, nothing is sent. */
struct learn {
    struct media_address sdp;    /* what its description names; family 0: a host name */
    struct media_address signal; /* the host that its signalling comes from */
    struct media_address accept; /* port 0: nobody yet */
    struct media_address send;   /* port 0: nowhere */
    struct media_address candidate;
    uint32_t candidate_ssrc;
    uint16_t candidate_sequence;
    uint8_t candidate_type;
    uint8_t run;     /* consistent packets of the candidate */
    bool behind;     /* a NAT: the description names an address that only the phone itself knows */
    uint8_t open;    /* a new description has come: until so many packets of the accepted source */
    bool ssrc_known; /* the accepted source has sent RTP or RTCP */
    uint8_t kind;    /* of what it sends; RTCP: nothing else */
    uint16_t sequence; /* of its last packet */
    uint32_t ssrc;     /* the same */
    uint64_t last;     /* ms of its last packet; by the kernel's word it may be after `now` */
};

/* A description from this phone names `sdp` (port 0: nothing is to be received) and came from the
 * host `signal`. trusted: a gateway of ours, whose word about a private address counts. The same
 * description as before keeps what is known. */
void learn_describe(struct learn *l, const struct media_address *sdp,
                    const struct media_address *signal, bool trusted);
/* May a packet from `from` pass? Learns by it; now in ms. */
bool learn_packet(struct learn *l, const struct media_address *from, const struct learn_packet *p,
                  uint64_t now);
/* The same for a packet that is known to come from the accepted source. */
void learn_accepted(struct learn *l, const struct learn_packet *p, uint64_t now);
/* The accepted source has been silent for so long that its NAT may have given it another port: its
 * socket has to hear others again. */
bool learn_listens(const struct learn *l, uint64_t now);

#endif
