/* From descriptions to streams and ports. */
#include <stdlib.h>
#include <string.h>

#include "server/anchor_inside.h"
#include "server/anchor_place.h"
#include "server/calls.h"
#include "server/media_link.h"

/* So many streams there are now. */
bool streams_grow(struct anchor *a, unsigned count)
{
    struct stream *more;

    if (count <= a->count)
        return true;
    more = realloc(a->streams, count * sizeof(*more));
    if (!more)
        return false;
    a->streams = more;
    memset(more + a->count, 0, (count - a->count) * sizeof(*more));
    for (; a->count < count; a->count++)
        more[a->count].index = (uint8_t)a->count;
    return true;
}

static void formats_take(struct stream_side *side, const struct sdp_stream *s)
{
    unsigned count = 0;

    memset(side->formats, 0, sizeof(side->formats));
    for (unsigned i = 0; i < s->format_count && count < STREAM_FORMATS; i++) {
        struct stream_format *f = &side->formats[count];
        const char *name = s->formats[i].name;

        if (!s->formats[i].clock)
            continue;
        f->clock = s->formats[i].clock;
        f->type = s->formats[i].type;
        if (!strcmp(name, "TELEPHONE-EVENT"))
            name = STREAM_EVENT;
        if (strlen(name) < sizeof(f->name))
            memcpy(f->name, name, strlen(name) + 1);
        count++;
    }
}

/* What `side` says of a stream; anew: for the first time. */
static void side_take(const struct worker *w, struct anchor *a, struct stream *is,
                      enum anchor_side side, const struct sdp_stream *s, bool anew)
{
    struct stream_side *mine = &is->sides[side];

    mine->signal = flow_media_address(&a->ends.flows[side]);
    mine->trusted = a->ends.gateway[side];
    mine->held = s->held;
    if (!s->held) {
        mine->rtp = s->rtp;
        mine->rtcp = s->transport == SDP_RTP ? s->rtcp : (struct media_address){0};
    }
    if (!mine->trusted && !anchor_place_is_for_audio(w, &mine->rtp))
        mine->rtp.port = 0;
    if (!mine->trusted && !anchor_place_is_for_audio(w, &mine->rtcp))
        mine->rtcp.port = 0;
    mine->serial += anew;
    formats_take(mine, s);
    is->other = s->transport == SDP_UDP;
    is->secure = s->secure_datagrams;
    is->encrypted = s->encrypted;
    a->mux[side][is->index] = s->mux;
    is->mux = a->mux[ANCHOR_CALLER][is->index] && a->mux[ANCHOR_CALLEE][is->index];
    is->paused = s->directions != (SDP_SENDS | SDP_RECEIVES) || s->held || is->sides[!side].held;
}

/* May there be ports for one more stream, whatever is asked for within a call and however many
 * phones it rings? */
static bool may_grow(const struct worker *w, const struct anchor *a)
{
    unsigned streams = 1;

    for (unsigned i = 0; i < a->count; i++)
        streams += a->streams[i].sides[0].local.port != 0;
    return !a->ends.stranger || strangers_may(w, streams, 2);
}

/* A port of ours for each side, of the family that it speaks. */
static bool ports_take(struct worker *w, struct anchor *a, struct stream *is)
{
    if (!is->sides[0].local.port && !may_grow(w, a))
        return false;
    for (int i = 0; i < 2; i++) {
        struct stream_side *side = &is->sides[i];
        struct media_address host;
        uint8_t family = side->rtp.family ? side->rtp.family : a->ends.flows[i].family;

        if (side->local.port)
            continue;
        if (!anchor_place(w, &a->ends.flows[i], family, &host) ||
            !media_link_take(w, &host, &side->local))
            return false;
        w->anchors->strangers += a->ends.stranger;
    }
    return true;
}

/* One that is rejected or not ours to move. */
void stream_stop(struct stream *is, enum anchor_side side)
{
    if (!is->sides[side].rtp.port)
        return;
    is->sides[side].rtp.port = is->sides[side].rtcp.port = 0;
    is->sides[side].serial++;
    is->paused = false;
}

/* Takes the description over and says where its streams are to be received instead. */
static enum error description_take(struct worker *w, struct anchor *a, enum anchor_side side,
                                   const struct sdp *sdp, bool anew, struct sdp_place *places)
{
    if (!streams_grow(a, sdp->count))
        return ERR_MEMORY;
    for (unsigned i = 0; i < sdp->count; i++) {
        const struct sdp_stream *s = &sdp->streams[i];
        struct stream *is = &a->streams[i];

        places[i] = (struct sdp_place){0};
        if (s->transport == SDP_OTHER || !s->rtp.port) {
            stream_stop(is, side);
            continue;
        }
        side_take(w, a, is, side, s, anew);
        if (!ports_take(w, a, is))
            return ERR_BUSY;
        places[i].rtp = is->sides[!side].local;
        places[i].rtcp_port =
            (uint16_t)(places[i].rtp.port + (s->rtcp.port != s->rtp.port || !s->mux));
    }
    for (unsigned i = sdp->count; i < a->count; i++)
        stream_stop(&a->streams[i], side);
    return OK;
}

void streams_tell(struct worker *w, struct anchor *a)
{
    bool first = a->owned && !a->told;

    for (unsigned i = 0; i < a->count; i++) {
        if (!a->streams[i].sides[0].local.port || !a->streams[i].sides[1].local.port)
            continue;
        media_link_stream(w, a->id, &a->streams[i]);
        a->told |= 1u << i;
    }
    if (first && a->told) /* it has begun without any */
        call_remember(w, a->id);
}

/* There were too few: those that were taken for streams that are not to be go back. */
static void ports_return(struct worker *w, struct anchor *a)
{
    for (unsigned i = 0; i < a->count; i++)
        for (int s = 0; s < 2 && !(a->told & 1u << i); s++) {
            if (a->streams[i].sides[s].local.port)
                w->anchors->strangers -= a->ends.stranger;
            media_link_return(w, &a->streams[i].sides[s].local);
            a->streams[i].sides[s].local.port = 0;
        }
}

/* Names our ports, and changes nothing. */
enum error places_write(const struct anchor *a, enum anchor_side side, const struct sdp *sdp,
                        struct text *out)
{
    struct sdp_place places[SDP_STREAMS_MAX] = {0};

    if (sdp->count > a->count)
        return ERR_BUSY;
    for (unsigned i = 0; i < sdp->count; i++) {
        places[i].rtp = a->streams[i].sides[!side].local;
        places[i].rtcp_port = (uint16_t)(places[i].rtp.port + 1);
    }
    return sdp_write(sdp, places, out);
}

enum error description_edit(struct worker *w, struct anchor *a, enum anchor_side side,
                            const struct sdp *sdp, struct text *out)
{
    struct sdp_place places[SDP_STREAMS_MAX];
    uint64_t hash = hash_view(sdp->text);
    bool anew = a->seen[side] != hash;
    enum error e = description_take(w, a, side, sdp, anew, places);

    if (e != OK) {
        ports_return(w, a);
        return e;
    }
    a->seen[side] = hash;
    if (anew) {
        streams_tell(w, a);
        media_link_hurry(w);
    }
    return sdp_write(sdp, places, out);
}
