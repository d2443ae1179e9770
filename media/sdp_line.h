/* The parts of a session description; for sdp*.c only. */
#ifndef OFFHOOK_MEDIA_SDP_LINE_H
#define OFFHOOK_MEDIA_SDP_LINE_H

#include "media/sdp.h"

struct sdp_line {
    struct view all;    /* with its ending */
    char type;          /* 'm' */
    struct view value;  /* behind the equals sign */
    struct view ending; /* CRLF, LF, or nothing at the end of the text */
};

/* Cuts a line off *rest, which is not empty. False: it is not a letter, "=" and a value. */
bool sdp_line_take(struct sdp_line *out, struct view *rest);
/* Cuts a word off *rest, and the blanks round it; empty: there is none. */
struct view sdp_word_take(struct view *rest);
/* Name and argument of an attribute, "rtpmap" and "0 PCMU/8000"; none: an empty argument. */
struct view sdp_attribute_split(struct view value, struct view *argument);

/* Says why in *problem and returns error. */
enum error sdp_refuse(const char **problem, enum error error, const char *text);
/* "IN IP4 192.0.2.1", as it stands in c= and a=rtcp; sdp_connection_take: in c=, of which there may
 * be one. ERR_SYNTAX, ERR_LIMIT: multicast. */
enum error sdp_connection_read(struct sdp_connection *out, struct view value, const char **problem);
enum error sdp_connection_take(struct sdp_connection *out, struct view value, const char **problem);
/* An m= line, which adds a stream to s. ERR_SYNTAX, ERR_LIMIT. */
enum error sdp_media_read(struct sdp *s, struct view value, const char **problem);
/* The directions that an attribute of that name gives. False: it is no such attribute. */
bool sdp_direction_read(uint8_t *out, struct view name);
/* A line behind the m= line of a stream. ERR_SYNTAX, ERR_LIMIT. */
enum error sdp_stream_line_read(struct sdp_stream *out, const struct sdp_line *line,
                                const char **problem);
/* The payload types in the rest of an m= line; more than fit, and what is no type, are ignored. */
void sdp_formats_read(struct sdp_stream *out, struct view words);
/* An rtpmap's argument; ignored when it is malformed, or about another type. */
void sdp_rtpmap_read(struct sdp_stream *out, struct view argument);

#endif
