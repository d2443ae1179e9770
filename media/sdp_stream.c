/* Reading the lines of one stream: m= and what follows it. */
#include "media/sdp_line.h"

static enum sdp_transport transport_of(struct view proto)
{
    struct view first = view_cut(&proto, '/');
    bool rtp = view_ieq(first, VIEW("RTP"));
    bool datagrams = rtp || view_ieq(first, VIEW("UDP")) || view_ieq(first, VIEW("UDPTL")) ||
                     view_ieq(first, VIEW("DTLS"));

    while (proto.n) {
        struct view part = view_cut(&proto, '/');

        if (view_ieq(part, VIEW("TCP")))
            datagrams = false;
        rtp |= view_ieq(part, VIEW("RTP"));
    }
    if (!datagrams)
        return SDP_OTHER;
    return rtp ? SDP_RTP : SDP_UDP;
}

/* "5000" or "5000/1". */
static enum error port_read(struct sdp_stream *out, struct view word, const char **problem)
{
    bool counted = view_find(word, '/') < word.n;
    uint64_t port, pairs = 1;

    out->port_at = view_cut(&word, '/');
    if (!view_number(out->port_at, 65535, &port) ||
        (counted && (!view_number(word, 65535, &pairs) || pairs == 0)))
        return sdp_refuse(problem, ERR_SYNTAX, "a malformed port in m=");
    if (pairs > 1 && port && out->transport != SDP_OTHER)
        return sdp_refuse(problem, ERR_LIMIT, "more than one port pair for a stream");
    out->rtp.port = (uint16_t)port;
    return OK;
}

enum error sdp_media_read(struct sdp *s, struct view value, const char **problem)
{
    struct view media = sdp_word_take(&value), port = sdp_word_take(&value);
    struct view proto = sdp_word_take(&value);
    struct sdp_stream *stream;

    if (!proto.n || !value.n)
        return sdp_refuse(problem, ERR_SYNTAX, "a malformed m= line");
    if (s->count == SDP_STREAMS_MAX)
        return sdp_refuse(problem, ERR_LIMIT, "too many streams");
    stream = &s->streams[s->count++];
    *stream = (struct sdp_stream){.transport = transport_of(proto), .directions = s->directions};
    stream->audio = view_ieq(media, VIEW("audio"));
    stream->secure_datagrams = view_istarts(proto, VIEW("UDP/TLS/")) ||
                               view_istarts(proto, VIEW("UDP/DTLS/")) ||
                               view_istarts(proto, VIEW("DTLS/"));
    stream->encrypted = view_ifind(proto, VIEW("SAVP")) < proto.n;
    if (stream->transport == SDP_RTP)
        sdp_formats_read(stream, value);
    return port_read(stream, port, problem);
}

bool sdp_direction_read(uint8_t *out, struct view name)
{
    if (view_ieq(name, VIEW("sendrecv")))
        *out = SDP_SENDS | SDP_RECEIVES;
    else if (view_ieq(name, VIEW("sendonly")))
        *out = SDP_SENDS;
    else if (view_ieq(name, VIEW("recvonly")))
        *out = SDP_RECEIVES;
    else if (view_ieq(name, VIEW("inactive")))
        *out = 0;
    else
        return false;
    return true;
}

/* "53020" or "53020 IN IP4 192.0.2.1" (RFC 3605); the first one counts. */
static enum error rtcp_read(struct sdp_stream *out, struct view argument, const char **problem)
{
    uint64_t port;

    if (out->rtcp_given)
        return OK;
    if (!view_number(sdp_word_take(&argument), 65535, &port))
        return sdp_refuse(problem, ERR_SYNTAX, "a malformed a=rtcp line");
    out->rtcp.port = (uint16_t)port;
    out->rtcp_given = true;
    return argument.n ? sdp_connection_read(&out->rtcp_connection, argument, problem) : OK;
}

static enum error attribute_read(struct sdp_stream *out, struct view value, const char **problem)
{
    struct view argument, name = sdp_attribute_split(value, &argument);

    if (sdp_direction_read(&out->directions, name) || out->transport != SDP_RTP)
        return OK;
    if (view_ieq(name, VIEW("rtpmap")))
        sdp_rtpmap_read(out, argument);
    else if (view_ieq(name, VIEW("rtcp-mux")))
        out->mux = true;
    else if (view_ieq(name, VIEW("rtcp")))
        return rtcp_read(out, argument, problem);
    return OK;
}

enum error sdp_stream_line_read(struct sdp_stream *out, const struct sdp_line *line,
                                const char **problem)
{
    if (line->type == 'c')
        return sdp_connection_take(&out->connection, line->value, problem);
    if (line->type == 'a')
        return attribute_read(out, line->value, problem);
    if (line->type == 'i' && !out->title.p)
        out->title = line->all;
    return OK;
}
