/* Reports in messages. */
#include "media/report.h"

#include "media/sdp.h"

static struct view codec_of(const struct stream_side *receiver, uint8_t type)
{
    const struct sdp_format *usual = sdp_format_static(type);

    for (int i = 0; i < STREAM_FORMATS && receiver->formats[i].clock; i++)
        if (receiver->formats[i].type == type && receiver->formats[i].name[0])
            return view_of(receiver->formats[i].name);
    return view_of(usual ? usual->name : "");
}

struct report report_make(const struct ledger_stream *s)
{
    struct report r = {.index = s->is.index, .kernel = fast_relays(s)};

    for (int i = 0; i < 2; i++) {
        const struct figures *f = &s->figures[i];
        struct view codec = codec_of(&s->is.sides[!i], f->type);
        struct report_side *side = &r.sides[i];

        *side = (struct report_side){.accept = s->learn[i][0].accept,
                                     .send = s->learn[i][0].send,
                                     .local = s->is.sides[i].local,
                                     .packets = f->packets,
                                     .bytes = f->bytes,
                                     .lost = figures_lost(f),
                                     .reordered = f->reordered,
                                     .reports = f->reports,
                                     .strangers = f->strangers,
                                     .jitter = figures_jitter(f),
                                     .round_trip = f->round_trip,
                                     .lost_there = f->lost_there,
                                     .type = f->type};
        if (f->packets && !s->is.other)
            side->mos = (uint16_t)figures_mos(f, &s->figures[!i], codec);
        view_copy(codec, side->codec, sizeof(side->codec));
    }
    return r;
}

static void side_pack(struct pack *k, const struct report_side *s)
{
    media_address_pack(k, &s->accept);
    media_address_pack(k, &s->send);
    media_address_pack(k, &s->local);
    pack_u64(k, s->packets);
    pack_u64(k, s->bytes);
    pack_u64(k, s->lost);
    pack_u64(k, s->reordered);
    pack_u64(k, s->reports);
    pack_u64(k, s->strangers);
    pack_u32(k, s->jitter);
    pack_u32(k, s->round_trip);
    pack_u32(k, s->lost_there);
    pack_u16(k, s->mos);
    pack_u8(k, s->type);
    pack_view(k, view_of(s->codec));
}

static bool side_unpack(struct report_side *s, struct view *rest)
{
    bool bad = false;

    s->accept = media_address_unpack(rest, &bad);
    s->send = media_address_unpack(rest, &bad);
    s->local = media_address_unpack(rest, &bad);
    s->packets = unpack_u64(rest, &bad);
    s->bytes = unpack_u64(rest, &bad);
    s->lost = unpack_u64(rest, &bad);
    s->reordered = unpack_u64(rest, &bad);
    s->reports = unpack_u64(rest, &bad);
    s->strangers = unpack_u64(rest, &bad);
    s->jitter = unpack_u32(rest, &bad);
    s->round_trip = unpack_u32(rest, &bad);
    s->lost_there = unpack_u32(rest, &bad);
    s->mos = unpack_u16(rest, &bad);
    s->type = unpack_u8(rest, &bad);
    return view_copy(unpack_view(rest, &bad), s->codec, sizeof(s->codec)) && !bad;
}

void report_pack(struct pack *k, const struct report *r)
{
    pack_u8(k, r->index);
    pack_u8(k, r->kernel);
    side_pack(k, &r->sides[0]);
    side_pack(k, &r->sides[1]);
}

bool report_unpack(struct report *out, struct view *rest)
{
    bool bad = false;

    *out = (struct report){.index = unpack_u8(rest, &bad)};
    out->kernel = unpack_u8(rest, &bad);
    return side_unpack(&out->sides[0], rest) && side_unpack(&out->sides[1], rest) && !bad;
}

void report_role_pack(struct pack *k, const struct report_role *r)
{
    pack_u64(k, r->packets);
    pack_u64(k, r->strangers);
    pack_u64(k, r->garbage);
    pack_u64(k, r->nowhere);
    pack_u64(k, r->failed);
    pack_u32(k, r->calls);
    pack_u32(k, r->streams);
    pack_u32(k, r->pairs);
    pack_u32(k, r->pairs_used);
}

bool report_role_unpack(struct report_role *out, struct view *rest)
{
    bool bad = false;

    out->packets = unpack_u64(rest, &bad);
    out->strangers = unpack_u64(rest, &bad);
    out->garbage = unpack_u64(rest, &bad);
    out->nowhere = unpack_u64(rest, &bad);
    out->failed = unpack_u64(rest, &bad);
    out->calls = unpack_u32(rest, &bad);
    out->streams = unpack_u32(rest, &bad);
    out->pairs = unpack_u32(rest, &bad);
    out->pairs_used = unpack_u32(rest, &bad);
    return !bad;
}
