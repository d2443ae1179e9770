/* The records of the map that the program in the kernel and media/kernel_map.c share. Only for
 * media/. */
#ifndef OFFHOOK_MEDIA_BPF_RELAY_H
#define OFFHOOK_MEDIA_BPF_RELAY_H

#include <linux/types.h>

#define RELAY_RECORDS 65536     /* a direction each, and the lease */
#define RELAY_BELIEF  250000000 /* ns from one look at lease and routes to the next */

/* No hole: the bytes are compared. All zeros: the record of the lease. */
struct relay_key {
    __u8 peer[16], local[16]; /* IPv4: the first four bytes, then zeros */
    __be16 peer_port, local_port;
    __u32 family; /* 4 or 6 */
};

struct relay_record {
    /* CLOCK_MONOTONIC, ns. The lease's: until when packets are relayed. Others: how long the
     * program believes in the lease and in the way out that it has looked up. */
    __u64 until;
    /* what becomes of the packet */
    __u8 out_local[16], out_peer[16];
    __be16 out_local_port, out_peer_port;
    __u32 ssrc, ssrc_known; /* host order */
    __u32 clock_rate;       /* of the timestamps, in 2^-32 a ns; 0: unknown */
    __u32 change;           /* of the sum of the addresses (RFC 1624), as an unfolded checksum */
    /* the way out */
    __u32 way_size;   /* of the largest IP packet that it was looked up for */
    __u32 way_device; /* interface index */
    __u32 way_family; /* AF_INET or AF_INET6, 0: to this host itself */
    __u8 way_next[16];
    /* what the program has counted */
    __u64 packets, bytes, reordered, last;
    __u32 seen_ssrc, first, highest;
    __u32 jitter, transit; /* RFC 3550 A.8 */
};

#endif
