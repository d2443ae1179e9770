/* RTCP as it passes (RFC 3550 6.4): what the phones say about what they hear. */
#ifndef OFFHOOK_MEDIA_RTCP_H
#define OFFHOOK_MEDIA_RTCP_H

#include "media/figures.h"

/* A compound packet of n bytes from one phone on its way to the other: `from` are the figures of
 * what comes from its sender, `to` those of what comes from its receiver; now in us. SRTCP, of
 * which only the header is readable, changes nothing but the count. */
void rtcp_pass(struct figures *from, struct figures *to, const uint8_t *p, size_t n, uint64_t now,
               bool encrypted);

#endif
