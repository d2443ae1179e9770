/* Headers of RTP (RFC 3550 5.1) and of what else arrives at the same ports (RFC 7983). */
#ifndef OFFHOOK_MEDIA_RTP_H
#define OFFHOOK_MEDIA_RTP_H

#include "media/learn.h"

#define RTP_HEADER 12 /* bytes, the least */

static inline uint32_t rtp_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What a packet is by its first bytes; an RTP packet's timestamp goes to *timestamp. False: nothing
 * that a phone sends, or too short. secure: DTLS is expected. other: no RTP at all, as in T.38. */
bool rtp_read(struct learn_packet *out, uint32_t *timestamp, const uint8_t *p, size_t n,
              bool secure, bool other);

#endif
