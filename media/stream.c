/* Streams in messages. */
#include "media/stream.h"

#define FLAG_OTHER     1u
#define FLAG_SECURE    2u
#define FLAG_ENCRYPTED 4u
#define FLAG_MUX       8u
#define FLAG_PAUSED    16u

void media_address_pack(struct pack *k, const struct media_address *a)
{
    pack_u8(k, a->family);
    pack_u16(k, a->port);
    pack_bytes(k, a->bytes, a->family == 6 ? 16 : a->family == 4 ? 4 : 0);
}

struct media_address media_address_unpack(struct view *rest, bool *bad)
{
    struct media_address a = {.family = unpack_u8(rest, bad)};

    a.port = unpack_u16(rest, bad);
    if (a.family != 0 && a.family != 4 && a.family != 6)
        *bad = true;
    else
        unpack_bytes(rest, a.bytes, a.family == 6 ? 16 : a.family == 4 ? 4 : 0, bad);
    return a;
}

static void side_pack(struct pack *k, const struct stream_side *side)
{
    uint8_t count = 0;

    media_address_pack(k, &side->local);
    media_address_pack(k, &side->rtp);
    media_address_pack(k, &side->rtcp);
    media_address_pack(k, &side->signal);
    pack_u8(k, (uint8_t)(side->trusted | side->held << 1));
    pack_u32(k, side->serial);
    while (count < STREAM_FORMATS && side->formats[count].clock)
        count++;
    pack_u8(k, count);
    for (uint8_t i = 0; i < count; i++) {
        pack_u32(k, side->formats[i].clock);
        pack_u8(k, side->formats[i].type);
        pack_view(k, view_of(side->formats[i].name));
    }
}

static bool side_unpack(struct stream_side *out, struct view *rest)
{
    bool bad = false;
    uint8_t flags, count;

    out->local = media_address_unpack(rest, &bad);
    out->rtp = media_address_unpack(rest, &bad);
    out->rtcp = media_address_unpack(rest, &bad);
    out->signal = media_address_unpack(rest, &bad);
    flags = unpack_u8(rest, &bad);
    out->trusted = flags & 1;
    out->held = flags & 2;
    out->serial = unpack_u32(rest, &bad);
    count = unpack_u8(rest, &bad);
    if (count > STREAM_FORMATS)
        return false;
    for (uint8_t i = 0; i < count; i++) {
        struct stream_format *f = &out->formats[i];

        f->clock = unpack_u32(rest, &bad);
        f->type = unpack_u8(rest, &bad);
        if (!view_copy(unpack_view(rest, &bad), f->name, sizeof(f->name)))
            return false;
    }
    return !bad;
}

void stream_pack(struct pack *k, const struct stream *s)
{
    pack_u8(k, s->index);
    pack_u8(k, (uint8_t)((s->other ? FLAG_OTHER : 0) | (s->secure ? FLAG_SECURE : 0) |
                         (s->encrypted ? FLAG_ENCRYPTED : 0) | (s->mux ? FLAG_MUX : 0) |
                         (s->paused ? FLAG_PAUSED : 0)));
    side_pack(k, &s->sides[0]);
    side_pack(k, &s->sides[1]);
}

bool stream_unpack(struct stream *out, struct view *rest)
{
    bool bad = false;
    uint8_t flags;

    *out = (struct stream){.index = unpack_u8(rest, &bad)};
    flags = unpack_u8(rest, &bad);
    out->other = flags & FLAG_OTHER;
    out->secure = flags & FLAG_SECURE;
    out->encrypted = flags & FLAG_ENCRYPTED;
    out->mux = flags & FLAG_MUX;
    out->paused = flags & FLAG_PAUSED;
    return side_unpack(&out->sides[0], rest) && side_unpack(&out->sides[1], rest) && !bad &&
           out->index < STREAMS_MAX;
}
