/* Telling packets apart by their first bytes. */
#include "media/rtp.h"

#define RTCP_FIRST 192 /* RFC 5761 4: no payload type of RTP looks so */
#define RTCP_LAST  223

static bool other_read(struct learn_packet *out, const uint8_t *p, size_t n)
{
    *out = (struct learn_packet){.kind = LEARN_OTHER};
    if (n < 2)
        return false;
    out->sequence = (uint16_t)(p[0] << 8 | p[1]); /* UDPTL begins with it */
    return true;
}

bool rtp_read(struct learn_packet *out, uint32_t *timestamp, const uint8_t *p, size_t n,
              bool secure, bool other)
{
    if (other)
        return other_read(out, p, n);
    if (secure && n > 13 && p[0] >= 20 && p[0] <= 63) {
        *out = (struct learn_packet){.kind = LEARN_DTLS};
        return true;
    }
    if (n < 8 || p[0] >> 6 != 2)
        return false;
    if (p[1] >= RTCP_FIRST && p[1] <= RTCP_LAST) {
        *out = (struct learn_packet){.kind = LEARN_RTCP, .ssrc = rtp_be32(p + 4)};
        return true;
    }
    if (n < RTP_HEADER)
        return false;
    *out = (struct learn_packet){.kind = LEARN_RTP,
                                 .type = p[1] & 0x7f,
                                 .sequence = (uint16_t)(p[2] << 8 | p[3]),
                                 .ssrc = rtp_be32(p + 8)};
    *timestamp = rtp_be32(p + 4);
    return true;
}
