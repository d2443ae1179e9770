/* Fuzz target: a session description, the same with its streams moved, and the search for one in a
 * body. The first byte chooses the places: two bits of each of four kinds of stream. */
#include <string.h>

#include "media/multipart.h"
#include "media/sdp.h"
#include "tests/fuzz/fuzz.h"

static char buffer[SDP_SIZE_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void is_inside(struct view part, struct view whole)
{
    HOLDS(part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

/* For stream i: none, IPv4, IPv6, or IPv4 with a port for RTCP far away. */
static struct sdp_place place_of(unsigned i, uint8_t choice)
{
    static const char *const hosts[] = {"", "203.0.113.5", "2001:db8::5", "203.0.113.6"};
    struct sdp_place p = {.rtp.port = (uint16_t)(30000 + 2 * i)};
    unsigned kind = choice >> (i % 4 * 2) & 3;

    (void)media_address_parse(&p.rtp, view_of(hosts[kind]));
    p.rtcp_port = (uint16_t)(kind == 3 ? 40000 + i : p.rtp.port + 1);
    return p;
}

static void stream_check(const struct sdp_stream *was, const struct sdp_stream *is,
                         const struct sdp_place *place)
{
    bool moves = place->rtp.family && was->rtp.port && was->transport != SDP_OTHER;

    HOLDS(is->transport == was->transport && is->audio == was->audio && is->mux == was->mux);
    HOLDS(is->directions == was->directions && is->format_count == was->format_count);
    HOLDS(memcmp(is->formats, was->formats, sizeof(is->formats)) == 0);
    if (!moves) {
        HOLDS(is->rtp.port == was->rtp.port);
        HOLDS(!is->rtp.port || media_address_same(&is->rtp, &was->rtp));
        return;
    }
    HOLDS(is->rtp.port == place->rtp.port && is->held == was->held);
    HOLDS(is->held || media_address_same(&is->rtp, &place->rtp));
    HOLDS(is->transport != SDP_RTP || is->rtcp.port == place->rtcp_port ||
          (is->mux && !was->rtcp_given));
    HOLDS(is->rtcp.family == is->rtp.family || is->transport != SDP_RTP);
}

static void sdp_take(struct view text, uint8_t choice)
{
    static struct sdp was, is;
    struct sdp_place places[SDP_STREAMS_MAX] = {0};
    struct text out = TEXT(buffer);
    const char *problem = NULL;

    if (sdp_parse(&was, text, &problem) != OK) {
        HOLDS(problem && problem[0]);
        return;
    }
    HOLDS(sdp_write(&was, places, &out) == OK && view_eq(text_done(&out), text));
    for (unsigned i = 0; i < was.count; i++)
        places[i] = place_of(i, choice);
    out = TEXT(buffer);
    if (sdp_write(&was, places, &out) != OK)
        return;
    HOLDS(sdp_parse(&is, text_done(&out), &problem) == OK);
    HOLDS(is.count == was.count);
    for (unsigned i = 0; i < is.count; i++)
        stream_check(&was.streams[i], &is.streams[i], &places[i]);
}

/* The first line is the Content-Type. */
static void body_take(struct view bytes)
{
    struct view body = bytes, type = view_cut(&body, '\n'), found;

    if (body_find_sdp(&found, type, body) == OK && found.p)
        is_inside(found, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {(const char *)data + 1, size - 1};

    if (!size)
        return 0;
    sdp_take(text, data[0]);
    body_take(text);
    return 0;
}
