/* Session descriptions (RFC 8866): where the streams of one are received, and the same text with
 * streams moved to other places. */
#ifndef OFFHOOK_MEDIA_SDP_H
#define OFFHOOK_MEDIA_SDP_H

#include "media/address.h"

#define SDP_STREAMS_MAX 8
#define SDP_FORMATS_MAX 16
#define SDP_SIZE_MAX    16384 /* bytes of a description */

enum sdp_transport {
    SDP_RTP,   /* RTP in datagrams: RTP/AVP, RTP/SAVPF, UDP/TLS/RTP/SAVPF and so on */
    SDP_UDP,   /* other datagrams: udptl, UDP/BFCP, DTLS/SCTP, UDP/DTLS/SCTP and so on */
    SDP_OTHER, /* over TCP, or unknown: never moved */
};

#define SDP_SENDS    1u
#define SDP_RECEIVES 2u

/* From a=rtpmap, else from the static types of RFC 3551. */
struct sdp_format {
    uint8_t type;   /* RTP payload type */
    uint32_t clock; /* Hz; 0: unknown */
    char name[16];  /* encoding name in upper case; "": unknown, or longer */
};

/* What that type stands for wherever no a=rtpmap says otherwise (RFC 3551, tables 4 and 5); NULL:
 * nothing. */
const struct sdp_format *sdp_format_static(uint8_t type);

/* A c= line; private to sdp*.c. */
struct sdp_connection {
    struct view value;         /* "IN IP4 192.0.2.1"; p NULL: there is none */
    uint8_t family;            /* as it is written: 4 for IP4, 6 for IP6 */
    struct media_address host; /* family 0: a name */
};

struct sdp_stream {
    enum sdp_transport transport;
    bool audio; /* m=audio */
    /* Where its writer receives. family 0: a host name, or no address; rtp.port 0: rejected or
     * disabled. rtcp (of SDP_RTP): what a=rtcp says, else rtp's address with the next port. */
    struct media_address rtp, rtcp;
    bool held;             /* its address is 0.0.0.0 or :: (RFC 2543) */
    bool mux;              /* a=rtcp-mux (RFC 5761) */
    bool secure_datagrams; /* DTLS packets are expected: UDP/TLS/..., DTLS/SCTP, UDP/DTLS/SCTP */
    bool encrypted;        /* SRTP (RFC 3711) */
    uint8_t directions;    /* SDP_SENDS | SDP_RECEIVES of its writer */
    unsigned format_count; /* of SDP_RTP; more than SDP_FORMATS_MAX are ignored */
    struct sdp_format formats[SDP_FORMATS_MAX];
    /* private: */
    struct view block, port_at, title;     /* its lines, the port in m=, the line i= */
    struct sdp_connection connection;      /* its own c= line */
    struct sdp_connection rtcp_connection; /* the address in a=rtcp (RFC 3605) */
    bool rtcp_given;                       /* there is an a=rtcp */
};

struct sdp {
    struct view text; /* has to outlive this */
    unsigned count;
    struct sdp_stream streams[SDP_STREAMS_MAX];
    /* private: */
    struct view session, tail; /* the lines before the first m=, empty lines at the end */
    struct view ending;        /* of the first line */
    struct sdp_connection connection;
    uint8_t directions;
};

/* Reads text. ERR_SYNTAX: no SDP; ERR_LIMIT: over a limit, multicast, or several port pairs for one
 * stream. *problem is then a short English text without quotes, fit for a Warning header. */
enum error sdp_parse(struct sdp *out, struct view text, const char **problem);

/* Where a stream is to be received instead. family 0: it stays as it is, and so do streams without
 * a port and those of SDP_OTHER in any case. */
struct sdp_place {
    struct media_address rtp;
    uint16_t rtcp_port; /* of SDP_RTP */
};

/* Writes s with each stream moved to its place; places holds s->count of them. Streams on hold stay
 * there. What leads to the writer past its place goes: ICE (RFC 8839) and BUNDLE (RFC 9143); an o=
 * of the other family gets the first place's address. The rest stays byte for byte. ERR_LIMIT: out
 * is too small. */
enum error sdp_write(const struct sdp *s, const struct sdp_place *places, struct text *out);

#endif
