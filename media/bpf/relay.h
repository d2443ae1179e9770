/* The records of the map that the program in the kernel and media/kernel_map.c share. Only for
 * media/. */
#ifndef OFFHOOK_MEDIA_BPF_RELAY_H
#define OFFHOOK_MEDIA_BPF_RELAY_H

#include <linux/types.h>

#define RELAY_RECORDS 65536 /* a direction each, and the lease */

/* No hole: the bytes are compared. All zeros: the record of the lease. */
struct relay_key {
    __u8 peer[16], local[16]; /* IPv4: the first four bytes, then zeros */
    __be16 peer_port, local_port;
    __u32 family; /* 4 or 6 */
};

struct relay_record {
    __u64 until; /* the lease: CLOCK_MONOTONIC, ns; only in its record */
    /* what becomes of the packet */
    __u8 out_local[16], out_peer[16];
    __be16 out_local_port, out_peer_port;
    __u32 ssrc, ssrc_known; /* host order */
    __u32 clock_rate;       /* of the timestamps, Hz; 0: unknown */
    /* what the program has counted */
    __u64 packets, bytes, reordered, last;
    __u32 seen_ssrc, first, highest;
    __u32 jitter, transit; /* RFC 3550 A.8 */
    __u32 unused;
};

#endif
