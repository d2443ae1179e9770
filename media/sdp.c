/* Reading a session description: one pass over its lines, limits first. */
#include "media/sdp.h"

#include "media/sdp_line.h"

enum error sdp_refuse(const char **problem, enum error error, const char *text)
{
    *problem = text;
    return error;
}

static enum error line_read(struct sdp *s, const struct sdp_line *line, const char **problem)
{
    struct view argument, *room;
    enum error e = OK;

    if (line->type == 'm')
        e = sdp_media_read(s, line->value, problem);
    else if (s->count)
        e = sdp_stream_line_read(&s->streams[s->count - 1], line, problem);
    else if (line->type == 'c')
        e = sdp_connection_take(&s->connection, line->value, problem);
    else if (line->type == 'a')
        (void)sdp_direction_read(&s->directions, sdp_attribute_split(line->value, &argument));
    room = s->count ? &s->streams[s->count - 1].block : &s->session;
    if (!room->p)
        room->p = line->all.p;
    room->n += line->all.n;
    return e;
}

/* What c= and a=rtcp have left open. */
static enum error stream_finish(struct sdp_stream *stream, const struct sdp_connection *session,
                                const char **problem)
{
    const struct sdp_connection *c = stream->connection.value.p ? &stream->connection : session;
    const struct sdp_connection *r = stream->rtcp_connection.value.p ? &stream->rtcp_connection : c;
    uint16_t port = stream->rtp.port, next = port ? (uint16_t)(port + 1) : 0;
    uint16_t rtcp_port = stream->rtcp_given ? stream->rtcp.port : next;

    if (!c->value.p && port && stream->transport != SDP_OTHER)
        return sdp_refuse(problem, ERR_SYNTAX, "a stream without a c= line");
    stream->held = media_address_is_any(&c->host);
    stream->rtp = c->host;
    stream->rtp.port = port;
    if (stream->transport != SDP_RTP)
        return OK;
    stream->rtcp = r->host;
    stream->rtcp.port = rtcp_port;
    return OK;
}

/* Neither NUL nor a CR that ends no line: others would read other lines than we do. */
static bool is_clean(struct view text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == 0 || (text.p[i] == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n')))
            return false;
    return true;
}

/* The lines of text without the empty ones at its end. */
static struct view lines_of(struct view text)
{
    struct view lines = text;

    while (lines.n && (lines.p[lines.n - 1] == '\r' || lines.p[lines.n - 1] == '\n'))
        lines.n--;
    lines.n += view_find(view_from(text, lines.n), '\n');
    lines.n += lines.n < text.n; /* that LF itself */
    return lines;
}

static enum error lines_read(struct sdp *out, const char **problem)
{
    struct view rest = lines_of(out->text);
    struct sdp_line line;
    enum error e = OK;

    out->tail = view_from(out->text, rest.n);
    if (!sdp_line_take(&line, &rest) || line.type != 'v' || !view_eq(line.value, VIEW("0")))
        return sdp_refuse(problem, ERR_SYNTAX, "no session description of version 0");
    out->session = line.all;
    out->ending = line.ending;
    while (rest.n && e == OK) {
        if (!sdp_line_take(&line, &rest))
            return sdp_refuse(problem, ERR_SYNTAX, "a malformed line");
        e = line_read(out, &line, problem);
    }
    return e;
}

enum error sdp_parse(struct sdp *out, struct view text, const char **problem)
{
    enum error e;

    *out = (struct sdp){.text = text, .directions = SDP_SENDS | SDP_RECEIVES};
    if (text.n > SDP_SIZE_MAX)
        return sdp_refuse(problem, ERR_LIMIT, "too long a session description");
    if (!is_clean(text))
        return sdp_refuse(problem, ERR_SYNTAX, "a byte that no line may hold");
    e = lines_read(out, problem);
    for (unsigned i = 0; i < out->count && e == OK; i++)
        e = stream_finish(&out->streams[i], &out->connection, problem);
    return e;
}
