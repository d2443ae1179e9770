/* Writing a session description with its streams moved: one pass over its lines. */
#include "media/sdp_line.h"

#define CONNECTION_MAX 64 /* bytes of "IN IP6 " and an address */

/* What is being written. */
struct writing {
    const struct sdp *s;
    struct text *out;
    struct view shared; /* what the c= line of the session shall say */
    struct view origin; /* what o= shall end with if it names another family */
    char buffer[CONNECTION_MAX], origin_buffer[CONNECTION_MAX];
};

static bool is_moved(const struct sdp_stream *stream, const struct sdp_place *place)
{
    return place->rtp.family && stream->rtp.port && stream->transport != SDP_OTHER;
}

/* "IN IP6 2001:db8::1". */
static struct view connection_text(const struct media_address *host, char buffer[CONNECTION_MAX])
{
    struct text text = {.p = buffer, .size = CONNECTION_MAX};

    text_string(&text, host->family == 6 ? "IN IP6 " : "IN IP4 ");
    media_address_text(host, &text);
    return text_done(&text);
}

/* The first stream that moves tells; none does: nothing. */
static struct view origin_wanted(const struct sdp *s, const struct sdp_place *places,
                                 char buffer[CONNECTION_MAX])
{
    for (unsigned i = 0; i < s->count; i++)
        if (is_moved(&s->streams[i], &places[i]))
            return connection_text(&places[i].rtp, buffer);
    return VIEW_NONE;
}

/* What a stream's c= shall say. Who is on hold stays there, in the family of the place. */
static struct view connection_wanted(const struct sdp *s, unsigned i, const struct sdp_place *place,
                                     char buffer[CONNECTION_MAX])
{
    const struct sdp_stream *stream = &s->streams[i];
    const struct sdp_connection *now =
        stream->connection.value.p ? &stream->connection : &s->connection;
    struct media_address host = place->rtp;

    if (!is_moved(stream, place) || (stream->held && now->family == host.family))
        return now->value;
    if (stream->held)
        memset(host.bytes, 0, sizeof(host.bytes));
    return connection_text(&host, buffer);
}

/* Is the session's c= line the one of this stream? */
static bool relies_on_session(const struct sdp *s, const struct sdp_stream *stream)
{
    return stream->rtp.port && !stream->connection.value.p && s->connection.value.p;
}

/* The first stream that moves and has no c= line of its own decides; who wants another text gets a
 * line of its own. */
static void shared_choose(struct writing *w, const struct sdp_place *places)
{
    w->shared = w->s->connection.value;
    for (unsigned i = 0; i < w->s->count; i++) {
        const struct sdp_stream *stream = &w->s->streams[i];

        if (is_moved(stream, &places[i]) && relies_on_session(w->s, stream)) {
            w->shared = connection_wanted(w->s, i, &places[i], w->buffer);
            return;
        }
    }
}

/* The line with another value. */
static void value_replace(struct text *out, const struct sdp_line *line, struct view value)
{
    text_view(out, (struct view){line->all.p, 2});
    text_view(out, value);
    text_view(out, line->ending);
}

/* Begins a further line, also behind a last one that has no ending. */
static void line_begin(struct text *out, struct view ending, const char *start)
{
    if (out->n && out->p[out->n - 1] != '\n')
        text_view(out, ending);
    text_string(out, start);
}

/* ICE of the session, and the groups of streams that share one port. */
static bool session_attribute_goes(struct view value)
{
    struct view argument, name = sdp_attribute_split(value, &argument);

    if (view_ieq(name, VIEW("group")))
        return view_ieq(sdp_word_take(&argument), VIEW("BUNDLE"));
    return view_istarts(name, VIEW("ice-"));
}

static bool stream_attribute_goes(struct view name)
{
    static const struct view names[] = {
        VIEW("candidate"),   VIEW("remote-candidates"), VIEW("end-of-candidates"),
        VIEW("ice-ufrag"),   VIEW("ice-pwd"),           VIEW("ice-options"),
        VIEW("ice-lite"),    VIEW("ice-mismatch"),      VIEW("ice-pacing"),
        VIEW("bundle-only"),
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (view_ieq(name, names[i]))
            return true;
    return false;
}

/* "jdoe 1 2 IN IP4 192.0.2.1": some phones take the family of all that follows from it. */
static struct view origin_of(const struct writing *w, struct view value)
{
    const struct view family = {w->origin.p, 6};
    struct view rest = value;

    for (unsigned i = 0; i < 3; i++)
        sdp_word_take(&rest);
    return view_istarts(rest, VIEW("IN IP")) && !view_istarts(rest, family) ? rest : VIEW_NONE;
}

/* o= with the family of the place, and its address. */
static void origin_write(const struct writing *w, const struct sdp_line *line)
{
    struct view old = w->origin.n ? origin_of(w, line->value) : VIEW_NONE;

    if (!old.n) {
        text_view(w->out, line->all);
        return;
    }
    text_view(w->out, (struct view){line->all.p, (size_t)(old.p - line->all.p)});
    text_view(w->out, w->origin);
    text_view(w->out, line->ending);
}

static void session_write(struct writing *w)
{
    struct view rest = w->s->session;
    bool moves = w->origin.n > 0;
    struct sdp_line line;

    while (rest.n && sdp_line_take(&line, &rest)) {
        if (line.type == 'c' && !view_eq(line.value, w->shared))
            value_replace(w->out, &line, w->shared);
        else if (line.type == 'o')
            origin_write(w, &line);
        else if (line.type != 'a' || !moves || !session_attribute_goes(line.value))
            text_view(w->out, line.all);
    }
}

/* The m= line with the port of the place. */
static void media_write(struct text *out, const struct sdp_line *line, struct view port_at,
                        uint16_t port)
{
    const char *behind = port_at.p + port_at.n;

    text_view(out, (struct view){line->all.p, (size_t)(port_at.p - line->all.p)});
    text_number(out, port);
    text_view(out, view_from(line->all, (size_t)(behind - line->all.p)));
}

static void attribute_write(struct text *out, const struct sdp_stream *stream,
                            const struct sdp_line *line, uint16_t rtcp_port)
{
    struct view argument, name = sdp_attribute_split(line->value, &argument);

    if (stream_attribute_goes(name))
        return;
    if (!stream->rtcp_given || !view_ieq(name, VIEW("rtcp"))) {
        text_view(out, line->all);
        return;
    }
    text_string(out, "a=rtcp:");
    text_number(out, rtcp_port);
    text_view(out, line->ending);
}

/* A line of a stream that moves. */
static void moved_line_write(struct text *out, const struct sdp_stream *stream,
                             const struct sdp_line *line, const struct sdp_place *place,
                             struct view connection)
{
    if (line->type == 'm')
        media_write(out, line, stream->port_at, place->rtp.port);
    else if (line->type == 'c')
        value_replace(out, line, connection);
    else if (line->type == 'a')
        attribute_write(out, stream, line, place->rtcp_port);
    else
        text_view(out, line->all);
}

static bool needs_rtcp(const struct sdp_stream *stream, const struct sdp_place *place)
{
    return stream->transport == SDP_RTP && !stream->rtcp_given && !stream->mux &&
           place->rtcp_port != place->rtp.port + 1;
}

/* The line ending that a further line of the stream gets. */
static struct view ending_of(const struct sdp *s, const struct sdp_line *media)
{
    return media->ending.n ? media->ending : s->ending;
}

static void connection_add(struct text *out, struct view connection, struct view ending)
{
    line_begin(out, ending, "c=");
    text_view(out, connection);
    text_view(out, ending);
}

static void stream_write(struct writing *w, unsigned i, const struct sdp_place *place)
{
    const struct sdp_stream *stream = &w->s->streams[i];
    char buffer[CONNECTION_MAX];
    struct view connection = connection_wanted(w->s, i, place, buffer), rest = stream->block;
    bool moves = is_moved(stream, place);
    bool adds = relies_on_session(w->s, stream) && !view_eq(connection, w->shared);
    const char *title = stream->title.p ? stream->title.p : stream->block.p;
    struct view ending = VIEW_NONE;
    struct sdp_line line;

    while (rest.n && sdp_line_take(&line, &rest)) {
        if (!ending.n)
            ending = ending_of(w->s, &line);
        if (moves)
            moved_line_write(w->out, stream, &line, place, connection);
        else
            text_view(w->out, line.all);
        if (adds && line.all.p == title)
            connection_add(w->out, connection, ending);
    }
    if (moves && needs_rtcp(stream, place)) {
        line_begin(w->out, ending, "a=rtcp:");
        text_number(w->out, place->rtcp_port);
        text_view(w->out, ending);
    }
}

enum error sdp_write(const struct sdp *s, const struct sdp_place *places, struct text *out)
{
    struct writing w = {.s = s, .out = out};

    shared_choose(&w, places);
    w.origin = origin_wanted(s, places, w.origin_buffer);
    session_write(&w);
    for (unsigned i = 0; i < s->count; i++)
        stream_write(&w, i, &places[i]);
    text_view(out, s->tail);
    return out->full ? ERR_LIMIT : OK;
}
