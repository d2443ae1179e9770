/* Sender and receiver reports. */
#include "media/rtcp.h"

#include "media/rtp.h"

#define SENDER_REPORT   200
#define RECEIVER_REPORT 201
#define BLOCK           24 /* bytes of a report about one source */

/* RFC 3550 6.4.1: now - LSR - DLSR, by our own clock: the report that it names went to this phone
 * at a time that we know. */
static void round_trip_note(struct figures *from, uint32_t last_report, uint32_t delay,
                            uint64_t now)
{
    uint64_t held = (uint64_t)delay * 1000000 / 65536, passed = now - from->report_time;

    if (!last_report || last_report != from->report_sent || passed < held)
        return;
    from->round_trip = passed - held < UINT32_MAX ? (uint32_t)(passed - held) : UINT32_MAX;
}

/* What the sender of the report says about the source that it hears: who is at the other end. */
static void block_read(struct figures *from, const struct figures *to, const uint8_t *p,
                       uint64_t now)
{
    if (to->begun && rtp_be32(p) != to->ssrc)
        return;
    from->fraction_there = p[4];
    from->lost_there = p[5] & 0x80 ? 0 : rtp_be32(p + 4) & 0xffffff;
    round_trip_note(from, rtp_be32(p + 16), rtp_be32(p + 20), now);
}

static void report_read(struct figures *from, struct figures *to, const uint8_t *p, size_t n,
                        uint64_t now)
{
    size_t at = p[1] == SENDER_REPORT ? 28 : 8;

    if (p[1] == SENDER_REPORT && n >= at) {
        to->report_sent = rtp_be32(p + 10); /* the middle of its NTP time */
        to->report_time = now;
    }
    for (unsigned blocks = p[0] & 0x1f; blocks && at + BLOCK <= n; blocks--, at += BLOCK)
        block_read(from, to, p + at, now);
}

void rtcp_pass(struct figures *from, struct figures *to, const uint8_t *p, size_t n, uint64_t now,
               bool encrypted)
{
    from->reports++;
    while (!encrypted && n >= 8 && p[0] >> 6 == 2) {
        size_t size = 4 * ((size_t)(p[2] << 8 | p[3]) + 1);

        if (size > n)
            return;
        if (p[1] == SENDER_REPORT || p[1] == RECEIVER_REPORT)
            report_read(from, to, p, size, now);
        p += size;
        n -= size;
    }
}
