/* The fast path of the relay: a program in the kernel (media/bpf/relay.bpf.c) takes over what user
 * space has locked. Two sides: the parent loads the program and holds it to the interfaces; the
 * media role needs nothing but the map's descriptor to say what is relayed, and bpf(2). */
#ifndef OFFHOOK_MEDIA_KERNEL_H
#define OFFHOOK_MEDIA_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "media/address.h"

struct event_base;

/* Was it built in? *why, when not: one line for people, static. */
bool kernel_available(const char **why);

/* The parent's side. It needs CAP_BPF and CAP_NET_ADMIN, at the start and for interfaces that come
 * later. */
struct kernel_path;

/* Loads the program and attaches it to all Ethernet interfaces that are up, and to lo only with
 * loopback; those that come up later follow on base. Routes can be asked for only where forwarding
 * is on for lo, so net.ipv4.conf.lo.forwarding and its like for IPv6 are set to 1, and stay so.
 * The caller owns *out. ERR_DENIED, ERR_NOT_FOUND (not built in, or this kernel has not what it
 * takes) and others; then why is one line for people. */
enum error kernel_path_open(struct kernel_path **out, struct event_base *base, bool loopback,
                            char why[256]);
/* The map's descriptor, for kernel_flow_set and its like; closed with the path. */
int kernel_path_map(const struct kernel_path *k);
/* How the program is attached: "tcx", which ends with the process whatever happens, or "clsact",
 * which a killed process leaves behind; without a lease it then does nothing, and the next start
 * takes its place. */
const char *kernel_path_kind(const struct kernel_path *k);
/* Detaches the program everywhere; NULL is allowed. */
void kernel_path_close(struct kernel_path *k);

/* The media role's side. Times are CLOCK_MONOTONIC in ns. */

/* One direction of a stream: packets that come from `peer` to `local` leave from `out_local` to
 * `out_peer`; all four of one family. With ssrc_known only packets with that SSRC do. */
struct kernel_flow {
    struct media_address peer, local, out_local, out_peer;
    uint32_t ssrc;
    bool ssrc_known;
};

struct kernel_counts {
    uint64_t packets, bytes; /* relayed; bytes of RTP with its header */
    uint64_t reordered;      /* of the packets: behind a later one, or once more */
    uint64_t last;           /* when the last one came */
    uint32_t ssrc;           /* its SSRC */
    uint32_t first, highest; /* sequence numbers, extended by their cycles (RFC 3550 A.1) */
    uint32_t jitter;         /* in sixteenths of a timestamp's unit (RFC 3550 A.8) */
};

/* The lease of all flows of a map: nothing is relayed from until_ns on, nor before the first call.
 */
enum error kernel_lease_renew(int map, uint64_t until_ns);
/* From now on the kernel relays f; what was set for the same peer and local is replaced, its counts
 * begin at zero. clock_rate: of the timestamps in Hz, 0 when unknown (no jitter then).
 * ERR_LIMIT: the map is full, or addresses that the kernel must not be asked to relay between
 * (multicast, link-local, none, two families). */
enum error kernel_flow_set(int map, const struct kernel_flow *f, uint32_t clock_rate);
/* ERR_NOT_FOUND: f was never set. Only peer and local of f are looked at, also in the next one. */
enum error kernel_flow_read(int map, const struct kernel_flow *f, struct kernel_counts *out);
void kernel_flow_drop(int map, const struct kernel_flow *f);
/* Drops all flows and the lease: what a media role that died has left. */
void kernel_flows_clear(int map);

#endif
