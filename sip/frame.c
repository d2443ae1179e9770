/* Framing on a stream: a message ends Content-Length bytes behind its empty line (RFC 3261 18.3).
 */
#include "sip/message.h"

#include <string.h>

#define PINGS_MAX 256 /* taken at a time */

/* Blank lines before a start line: keep-alives or noise (RFC 3261 7.5, RFC 5626 3.5.1). */
static enum sip_frame frame_blank(struct view stream, size_t *size)
{
    size_t n = 0;

    while (n < PINGS_MAX * 4 && stream.n - n >= 4 && memcmp(stream.p + n, "\r\n\r\n", 4) == 0)
        n += 4;
    if (n) {
        *size = n;
        return SIP_PING;
    }
    while (n < stream.n && (stream.p[n] == '\r' || stream.p[n] == '\n'))
        n++;
    if (n == stream.n && n < 4)
        return SIP_PARTIAL;
    *size = n;
    return SIP_NOISE;
}

/* A header field with its folds (RFC 3261 7.3.1). */
static struct view field_cut(struct view *rest)
{
    struct view field = view_cut(rest, '\n');

    while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
        struct view fold = view_cut(rest, '\n');

        field.n = (size_t)(fold.p + fold.n - field.p);
    }
    return field;
}

/* Content-Length of a head that is complete. ERR_SYNTAX: none, or no number: the stream is lost. */
static enum error head_length(struct view head, size_t *out)
{
    struct view rest = head;
    bool found = false;
    uint64_t length = 0;

    view_cut(&rest, '\n');
    while (rest.n) {
        struct view line = field_cut(&rest);
        size_t colon = view_find(line, ':');
        struct view name = view_trim((struct view){line.p, colon});

        if (colon == line.n || header_id_of(name) != HEADER_CONTENT_LENGTH)
            continue;
        if (found || !view_number(view_trim(view_from(line, colon + 1)), SIP_STREAM_MAX, &length))
            return ERR_SYNTAX;
        found = true;
    }
    *out = (size_t)length;
    return OK; /* 20.14 demands it on streams; a phone that forgets it sends no body */
}

enum sip_frame sip_frame_next(struct view stream, size_t *seen, size_t *size)
{
    size_t from = *seen > 3 ? *seen - 3 : 0, length;
    const char *end;

    if (!stream.n || stream.n < *size)
        return SIP_PARTIAL;
    *size = 0;
    if (stream.p[0] == '\r' || stream.p[0] == '\n') {
        *seen = 0;
        return frame_blank(stream, size);
    }
    end = memmem(stream.p + from, stream.n - from, "\r\n\r\n", 4);
    if (!end) {
        *seen = stream.n;
        return stream.n > SIP_STREAM_MAX ? SIP_HOPELESS : SIP_PARTIAL;
    }
    *seen = (size_t)(end - stream.p);
    if (head_length((struct view){stream.p, *seen + 2}, &length) != OK)
        return SIP_HOPELESS;
    *size = *seen + 4 + length;
    if (*size > SIP_STREAM_MAX)
        return SIP_HOPELESS;
    if (*size > stream.n)
        return SIP_PARTIAL;
    *seen = 0;
    return SIP_FRAMED;
}
