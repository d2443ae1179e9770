/* Fuzz target: what arrives at a port for audio, and what the roles tell each other of it. The
 * first byte chooses the description, the rest are packets: sender, milliseconds / 4 since the last
 * one, length, bytes. */
#include <string.h>

#include "media/report.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "tests/fuzz/fuzz.h"

#define SENDERS 8

static struct {
    struct learn learn;
    struct figures figures[2];
    struct media_address sdp, signal;
    bool secure, other;
    uint64_t ms;
} now;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

/* Ports of the phone, of its NAT, of what it says of itself, and of strangers; one is port 0. */
static struct media_address sender(uint8_t choice)
{
    static const struct {
        const char *host;
        uint16_t port;
    } senders[SENDERS] = {{"192.0.2.10", 5004},   {"192.0.2.10", 7000}, {"198.51.100.7", 5004},
                          {"198.51.100.7", 7000}, {"10.0.0.2", 5004},   {"203.0.113.66", 5004},
                          {"198.51.100.7", 0},    {"2001:db8::1", 5004}};
    struct media_address a = {.port = senders[choice % SENDERS].port};

    HOLDS(media_address_parse(&a, view_of(senders[choice % SENDERS].host)));
    return a;
}

static void describe(uint8_t choice)
{
    now.sdp = sender(choice & 7);
    now.signal = sender(choice >> 3 & 7);
    if (choice & 64)
        now.sdp = (struct media_address){.port = 5004}; /* a host name */
    learn_describe(&now.learn, &now.sdp, &now.signal, choice & 128);
}

static bool is_allowed(const struct media_address *a)
{
    return media_address_same_host(a, now.learn.behind ? &now.signal : &now.sdp);
}

static void learn_check(void)
{
    const struct learn *l = &now.learn;

    HOLDS(!l->accept.port || is_allowed(&l->accept));
    HOLDS(!l->send.port || is_allowed(&l->send));
    HOLDS(l->behind ? media_address_same(&l->send, &l->accept)
                    : media_address_same(&l->send, &now.sdp));
}

static void learned(const struct learn_packet *p, const struct media_address *from)
{
    struct learn before = now.learn;
    bool passes = learn_packet(&now.learn, from, p, now.ms);

    learn_check();
    HOLDS(!passes || media_address_same(&now.learn.accept, from));
    HOLDS(passes || media_address_same(&now.learn.accept, &before.accept));
    HOLDS(!passes || !learn_listens(&now.learn, now.ms) || now.learn.open);
    /* who sends is not pushed aside but by who is described */
    HOLDS(!before.accept.port || now.ms - before.last >= 200 ||
          media_address_same(&before.accept, &now.learn.accept) ||
          media_address_same(&now.sdp, from));
}

static void counted(const struct learn_packet *p, uint32_t timestamp, struct view bytes)
{
    struct figures *f = &now.figures[p->ssrc & 1], *to = &now.figures[!(p->ssrc & 1)];
    unsigned mos;

    if (p->kind == LEARN_RTCP)
        rtcp_pass(f, to, (const uint8_t *)bytes.p, bytes.n, now.ms * 1000, now.secure);
    else if (p->kind == LEARN_RTP)
        figures_rtp(f, p, timestamp, bytes.n, now.ms * 1000, p->type < 96 ? 8000 : p->type * 500u);
    mos = figures_mos(f, to, VIEW(""));
    HOLDS(f->packets ? mos >= 100 && mos <= 450 : mos == 0);
    HOLDS(figures_lost(f) <= f->packets * UINT16_MAX);
    (void)figures_jitter(f);
}

static void packet_take(struct view bytes, const struct media_address *from)
{
    struct learn_packet p;
    uint32_t timestamp = 0;

    if (!rtp_read(&p, &timestamp, (const uint8_t *)bytes.p, bytes.n, now.secure, now.other))
        return;
    HOLDS(bytes.n >= 2 && (p.kind == LEARN_OTHER) == now.other);
    HOLDS(p.kind != LEARN_RTP || (bytes.n >= RTP_HEADER && p.type < 128));
    HOLDS(p.kind != LEARN_DTLS || now.secure);
    learned(&p, from);
    counted(&p, timestamp, bytes);
}

static void packets_take(struct view rest)
{
    bool bad = false;

    memset(&now, 0, sizeof(now));
    now.ms = 1000000;
    describe(unpack_u8(&rest, &bad));
    while (rest.n >= 3) {
        uint8_t who = unpack_u8(&rest, &bad);
        struct media_address from = sender(who);
        size_t n;

        now.ms += 4u * unpack_u8(&rest, &bad);
        n = unpack_u8(&rest, &bad);
        n = n < rest.n ? n : rest.n;
        now.secure = who & 8;
        now.other = who & 16;
        if (who & 32 && n)
            describe((uint8_t)rest.p[0]);
        else
            packet_take((struct view){rest.p, n}, &from);
        learn_check();
        rest = view_from(rest, n);
    }
}

static void stream_take(struct view bytes)
{
    struct stream s, back;
    struct view rest = bytes;
    struct pack k = {0};

    if (!stream_unpack(&s, &rest))
        return;
    HOLDS(s.index < STREAMS_MAX);
    stream_pack(&k, &s);
    rest = pack_bytes_view(&k);
    HOLDS(stream_unpack(&back, &rest) && rest.n == 0);
    HOLDS(media_address_same(&s.sides[1].signal, &back.sides[1].signal));
    HOLDS(s.sides[1].serial == back.sides[1].serial && s.mux == back.mux);
    pack_free(&k);
}

static void report_take(struct view bytes)
{
    struct report r, back;
    struct view rest = bytes;
    struct pack k = {0};

    if (!report_unpack(&r, &rest))
        return;
    report_pack(&k, &r);
    rest = pack_bytes_view(&k);
    HOLDS(report_unpack(&back, &rest) && rest.n == 0);
    HOLDS(r.sides[1].strangers == back.sides[1].strangers);
    HOLDS(strcmp(r.sides[1].codec, back.sides[1].codec) == 0);
    pack_free(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};

    packets_take(bytes);
    stream_take(bytes);
    report_take(bytes);
    return 0;
}
