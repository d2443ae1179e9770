/* The message: received bytes, framed and indexed in one bounded pass. Nothing is copied; the bytes
 * have to outlive the index. */
#ifndef OFFHOOK_SIP_MESSAGE_H
#define OFFHOOK_SIP_MESSAGE_H

#include "sip/via.h"

#define SIP_LINES_MAX    64
#define SIP_DATAGRAM_MAX 8192  /* bytes of a message over UDP */
#define SIP_STREAM_MAX   65536 /* bytes of a message over TCP */
#define SIP_VALUE_MAX    1024  /* bytes of a header value that is parsed further */
#define SIP_LIST_MAX     8     /* values of a comma list that is parsed further */

enum sip_method {
    METHOD_OTHER,
    METHOD_INVITE,
    METHOD_ACK,
    METHOD_CANCEL,
    METHOD_BYE,
    METHOD_REGISTER,
    METHOD_OPTIONS,
};

struct header_line {
    enum header_id id;
    struct view value; /* trimmed; may contain folds */
    struct view line;  /* name, value and the final CRLF */
};

struct sip_message {
    struct view bytes;
    bool request;
    struct view start_line; /* without CRLF */
    struct view method, uri;
    enum sip_method method_id; /* of the request, or of the CSeq in a response */
    unsigned status;           /* of a response */
    struct view reason;
    size_t head_end; /* offset of the empty line that ends the head */
    struct view body;
    struct via via; /* topmost */
    struct view call_id, from, to, from_tag, to_tag;
    struct view from_uri, to_uri; /* between their brackets */
    uint32_t cseq;
    struct view cseq_method;
    int max_forwards; /* -1: none */
    int max_breadth;  /* RFC 5393; -1: none */
    /* What is wrong with a request: a status to answer with, 0 when nothing is. */
    unsigned fault;
    const char *fault_text;
    unsigned count;
    struct header_line lines[SIP_LINES_MAX]; /* last: a kept message has only `count` of them */
};

enum sip_frame {
    SIP_FRAMED,   /* a message of *size bytes */
    SIP_PARTIAL,  /* more bytes are needed */
    SIP_PING,     /* *size bytes of CRLFCRLF: answer each with CRLF (RFC 5626 3.5.1) */
    SIP_NOISE,    /* *size bytes of blank lines to skip */
    SIP_HOPELESS, /* not SIP, or over a limit: close the connection */
};

/* Finds the first message in a stream's bytes. `seen` bytes of it were looked at before (0 at
 * first); it is updated so that a slow sender costs linear time. So is `size`: with SIP_PARTIAL it
 * is what the message needs, as far as that is known; it is 0 at first and after every taking. */
enum sip_frame sip_frame_next(struct view stream, size_t *seen, size_t *size);

/* Indexes and checks one message. OK: usable, or a request whose fault says how to refuse it.
 * ERR_SYNTAX: hopeless bytes or a broken response, to be dropped in silence. */
enum error sip_message_parse(struct sip_message *m, struct view bytes);
/* A copy of m and its bytes in one block, freed with free(); NULL without memory. Its lines behind
 * `count` do not exist. */
struct sip_message *sip_message_keep(const struct sip_message *m);
/* The first line with this id from index `from` on; NULL without one. */
const struct header_line *sip_header(const struct sip_message *m, enum header_id id);
const struct header_line *sip_header_after(const struct sip_message *m, enum header_id id,
                                           const struct header_line *line);
/* Does a field of this kind list the option tag? */
bool sip_lists(const struct sip_message *m, enum header_id id, struct view tag);
/* Number of values of a list header over all its lines; stops counting at `most` + 1. */
unsigned sip_value_count(const struct sip_message *m, enum header_id id, unsigned most);
enum sip_method sip_method_of(struct view name);

#endif
