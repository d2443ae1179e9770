/* The packets of rtpload: RTP (RFC 3550) as a phone with G.711 sends it each 20 ms, with a mark in
 * the payload that tells which one it is. */
#ifndef OFFHOOK_TESTS_BENCH_PACKET_H
#define OFFHOOK_TESTS_BENCH_PACKET_H

#include "base/error.h"
#include "base/view.h"

#define PACKET_SIZE     172      /* 12 bytes of header, 160 of payload */
#define PACKET_INTERVAL 20000000 /* ns */

/* Copied into the payload as it is. */
struct packet_mark {
    uint64_t run;    /* drawn for each run: what another one left behind is foreign */
    uint64_t stream; /* SSRC */
    uint64_t number; /* of the packet in its stream; sequence number and timestamp follow it */
    uint64_t sent;   /* ns of CLOCK_REALTIME */
};

void packet_write(char out[PACKET_SIZE], const struct packet_mark *mark);
/* The mark of a received packet. ERR_SYNTAX: these are not the bytes that packet_write made. */
enum error packet_read(struct packet_mark *out, struct view packet);

#endif
