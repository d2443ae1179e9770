/* Relays RTP where it comes in. A packet of a stream that user space has locked gets the relay's
 * other address as its source and the other phone as its target, and leaves at once. All the rest
 * goes its usual way, to a socket. The kernel runs this once a packet; the map is the only state.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
/* wants those above first */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "media/bpf/relay.h"

#define INET           2 /* AF_INET and AF_INET6: their own header is not for programs like this */
#define INET6          10
#define EXPEDITED      0xb8          /* DSCP 46 (RFC 3246), as user space sends audio */
#define ECN            0x03          /* stays as it is */
#define JUMP           5000000000ull /* ns: what differs by more is a new timestamp, no jitter */
#define LOOPBACK       1             /* lo has this index in every network namespace */
#define IP_FRAGMENT    0x3fff        /* more fragments, or an offset */
#define L4_CHANGE      BPF_F_MARK_MANGLED_0 /* no checksum stays none (IPv4) */
#define L4_CHANGE_IP   (BPF_F_MARK_MANGLED_0 | BPF_F_PSEUDO_HDR)
#define IP6_AT(field)  (ETH_HLEN + offsetof(struct ipv6hdr, field))
#define CHECK_AT(p)    ((p)->udp_at + offsetof(struct udphdr, check))
#define PAYLOAD_MIN    sizeof(struct rtp)
#define HEAD_SIZE(ip)  (ETH_HLEN + sizeof(ip) + sizeof(struct udphdr) + sizeof(struct rtp))
#define always_inlined static __attribute__((always_inline)) inline

char _license[] SEC("license") = "Dual BSD/GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, RELAY_RECORDS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct relay_key);
    __type(value, struct relay_record);
} flows SEC(".maps");

struct rtp {
    __u8 first, type; /* version 2, padding, extension, CSRC count; marker and payload type */
    __be16 sequence;
    __be32 timestamp, ssrc;
};

struct packet {
    struct relay_key key;
    __u32 size; /* with its IP header */
    __u32 udp_at;
    __u16 life;     /* IPv4: TTL and protocol as they stand; IPv6: the hop limit */
    __u16 check;    /* IPv4: of the header, as it stands */
    __u8 class;     /* IPv6: ECN, and the flow label beside it */
    __u16 sequence; /* from here on in host order */
    __u32 payload, timestamp, ssrc;
};

/* The bytes behind the Ethernet header, of which size minus that header may be read. No NULL tells
 * of failure: comparing a pointer takes a capability more. */
always_inlined bool head_take(void **out, struct __sk_buff *skb, __u32 size)
{
    void *data = (void *)(long)skb->data;

    if (data + size > (void *)(long)skb->data_end) {
        if (bpf_skb_pull_data(skb, size))
            return false;
        data = (void *)(long)skb->data;
        if (data + size > (void *)(long)skb->data_end)
            return false;
    }
    *out = data + ETH_HLEN;
    return ((const struct ethhdr *)data)->h_proto == skb->protocol;
}

/* False: not RTP. With RTCP on the same port its packet types tell (RFC 5761 4). */
always_inlined bool rtp_take(struct packet *p, const struct udphdr *udp)
{
    const struct rtp *rtp = (const void *)(udp + 1);

    p->key.peer_port = udp->source;
    p->key.local_port = udp->dest;
    p->payload = bpf_ntohs(udp->len) - sizeof(*udp);
    p->sequence = bpf_ntohs(rtp->sequence);
    p->timestamp = bpf_ntohl(rtp->timestamp);
    p->ssrc = bpf_ntohl(rtp->ssrc);
    return (rtp->first & 0xc0) == 0x80 && (rtp->type < 192 || rtp->type > 223);
}

/* False: not ours. The size at each layer must agree, so that nothing stands behind the payload. */
always_inlined bool sizes_agree(const struct __sk_buff *skb, const struct packet *p,
                                const struct udphdr *udp, __u32 header)
{
    return bpf_ntohs(udp->len) >= sizeof(*udp) + PAYLOAD_MIN &&
           p->size == header + bpf_ntohs(udp->len) && skb->len == ETH_HLEN + p->size;
}

always_inlined bool ip4_take(struct packet *p, struct __sk_buff *skb)
{
    struct iphdr *ip;
    struct udphdr *udp;

    if (!head_take((void **)&ip, skb, HEAD_SIZE(*ip)))
        return false;
    udp = (void *)(ip + 1);
    if (ip->version != 4 || ip->ihl != 5 || ip->frag_off & bpf_htons(IP_FRAGMENT) ||
        ip->protocol != IPPROTO_UDP || ip->ttl <= 1)
        return false;
    p->size = bpf_ntohs(ip->tot_len);
    p->udp_at = ETH_HLEN + sizeof(*ip);
    p->life = *(const __u16 *)&ip->ttl;
    p->check = ip->check;
    p->key.family = 4;
    __builtin_memcpy(p->key.peer, &ip->saddr, 4);
    __builtin_memcpy(p->key.local, &ip->daddr, 4);
    return sizes_agree(skb, p, udp, sizeof(*ip)) && rtp_take(p, udp);
}

always_inlined bool ip6_take(struct packet *p, struct __sk_buff *skb)
{
    struct ipv6hdr *ip;
    struct udphdr *udp;

    if (!head_take((void **)&ip, skb, HEAD_SIZE(*ip)))
        return false;
    udp = (void *)(ip + 1);
    if (ip->version != 6 || ip->nexthdr != IPPROTO_UDP || ip->hop_limit <= 1 || !udp->check)
        return false;
    p->size = sizeof(*ip) + bpf_ntohs(ip->payload_len);
    p->udp_at = ETH_HLEN + sizeof(*ip);
    p->life = ip->hop_limit;
    p->class = ((const __u8 *)ip)[1] & (ECN << 4 | 0xf);
    p->key.family = 6;
    __builtin_memcpy(p->key.peer, &ip->saddr, 16);
    __builtin_memcpy(p->key.local, &ip->daddr, 16);
    return sizes_agree(skb, p, udp, sizeof(*ip)) && rtp_take(p, udp);
}

/* A tag is not stripped here, nor are the parts of what was merged: both go to the stack. */
always_inlined bool packet_take(struct packet *p, struct __sk_buff *skb)
{
    if (skb->vlan_present || skb->gso_size || skb->pkt_type != 0 /* for this host */)
        return false;
    if (skb->protocol == bpf_htons(ETH_P_IP))
        return ip4_take(p, skb);
    return skb->protocol == bpf_htons(ETH_P_IPV6) && ip6_take(p, skb);
}

/* One lease for all: when the daemon dies, it is not renewed, and nothing is relayed any more.
 * Returns until when it may be believed in; 0: it does not stand. */
always_inlined __u64 lease_look(__u64 now)
{
    const struct relay_key key = {};
    const struct relay_record *lease = bpf_map_lookup_elem(&flows, &key);

    if (!lease || now >= lease->until)
        return 0;
    return now + RELAY_BELIEF < lease->until ? now + RELAY_BELIEF : lease->until;
}

/* The way out, by the routes of what this host sends itself. False: that is for user space. */
always_inlined bool route_find(struct bpf_fib_lookup *out, struct __sk_buff *skb,
                               const struct packet *p, const struct relay_record *r)
{
    long result;

    out->family = p->key.family == 4 ? INET : INET6;
    out->l4_protocol = IPPROTO_UDP;
    out->sport = r->out_local_port;
    out->dport = r->out_peer_port;
    out->tot_len = p->size;
    out->ifindex = LOOPBACK;
    __builtin_memcpy(out->ipv6_src, r->out_local, 16);
    __builtin_memcpy(out->ipv6_dst, r->out_peer, 16);
    result = bpf_fib_lookup(skb, out, sizeof(*out), 0);
    if (result == BPF_FIB_LKUP_RET_NOT_FWDED && skb->ifindex == LOOPBACK) {
        out->family = 0; /* from this host to itself */
        out->ifindex = LOOPBACK;
        return true;
    }
    return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/* What the addresses' sum becomes by the relay's. */
always_inlined __u32 addresses_change(const struct packet *p, const struct relay_record *r)
{
    __be32 old[8], new[8];

    __builtin_memcpy(&old[0], p->key.peer, 16);
    __builtin_memcpy(&old[4], p->key.local, 16);
    __builtin_memcpy(&new[0], r->out_local, 16);
    __builtin_memcpy(&new[4], r->out_peer, 16);
    return bpf_csum_diff(old, sizeof(old), new, sizeof(new), 0);
}

/* Asking for each packet would double what it costs. */
always_inlined bool way_find(struct __sk_buff *skb, const struct packet *p, struct relay_record *r,
                             __u64 now)
{
    struct bpf_fib_lookup route = {};
    __u64 until = lease_look(now);

    if (!until || !route_find(&route, skb, p, r))
        return false;
    r->change = addresses_change(p, r);
    r->way_size = p->size;
    r->way_device = route.ifindex;
    r->way_family = route.family;
    __builtin_memcpy(r->way_next, route.ipv6_dst, 16);
    r->until = until;
    return true;
}

/* To this host itself only what comes from it: addresses like ours are forged elsewhere. */
always_inlined bool way_known(const struct __sk_buff *skb, const struct packet *p,
                              const struct relay_record *r, __u64 now)
{
    return now < r->until && p->size <= r->way_size && (r->way_family || skb->ifindex == LOOPBACK);
}

/* Their bytes as one word, as they are in the packet. */
always_inlined __u32 ports_join(__be16 source, __be16 target)
{
    const __be16 both[2] = {source, target};
    __u32 word;

    __builtin_memcpy(&word, both, sizeof(word));
    return word;
}

/* The UDP checksum follows the addresses by their change, and the ports. */
always_inlined long udp_balance(struct __sk_buff *skb, const struct packet *p,
                                const struct relay_record *r)
{
    __u32 old = ports_join(p->key.peer_port, p->key.local_port);
    __u32 new = ports_join(r->out_local_port, r->out_peer_port);

    return bpf_l4_csum_replace(skb, CHECK_AT(p), 0, r->change, L4_CHANGE_IP)
               ?: bpf_l4_csum_replace(skb, CHECK_AT(p), old, new, L4_CHANGE | sizeof(new));
}

/* RFC 1624: a checksum after a change of what it covers. */
always_inlined __u16 check_change(__u16 check, __u32 change)
{
    __u32 sum = (__u16)~check + (change & 0xffff) + (change >> 16);

    sum = (sum & 0xffff) + (sum >> 16);
    return ~((sum & 0xffff) + (sum >> 16));
}

always_inlined long ip4_rewrite(struct __sk_buff *skb, const struct packet *p,
                                const struct relay_record *r)
{
    const __u16 life = p->life - bpf_htons(0x0100);
    __u16 class, new_class;
    struct iphdr *ip;
    struct udphdr *udp;

    if (udp_balance(skb, p, r) || !head_take((void **)&ip, skb, HEAD_SIZE(*ip)))
        return -1;
    udp = (void *)(ip + 1);
    __builtin_memcpy(&class, ip, sizeof(class));
    ip->tos = EXPEDITED | (ip->tos & ECN);
    __builtin_memcpy(&new_class, ip, sizeof(new_class));
    __builtin_memcpy(&ip->ttl, &life, sizeof(life));
    ip->check = check_change(check_change(p->check, r->change),
                             (__u16)~p->life + life + (__u16) ~class + new_class);
    __builtin_memcpy(&ip->saddr, r->out_local, 4);
    __builtin_memcpy(&ip->daddr, r->out_peer, 4);
    udp->source = r->out_local_port;
    udp->dest = r->out_peer_port;
    return 0;
}

/* No checksum of its own balances what is changed in this header, so the skb's sum must follow. */
always_inlined long ip6_rewrite(struct __sk_buff *skb, const struct packet *p,
                                const struct relay_record *r)
{
    struct {
        __u8 hole[3], life;
        __u8 addresses[32];
    } new = {.life = p->life - 1};
    __u32 ports = ports_join(r->out_local_port, r->out_peer_port);
    __u8 class[2] = {0x60 | EXPEDITED >> 4, p->class | (EXPEDITED & 0xf) << 4};

    __builtin_memcpy(&new.addresses[0], r->out_local, 16);
    __builtin_memcpy(&new.addresses[16], r->out_peer, 16);
    return udp_balance(skb, p, r)
               ?: bpf_skb_store_bytes(skb, IP6_AT(hop_limit), &new.life,
                                      1 + sizeof(new.addresses), BPF_F_RECOMPUTE_CSUM)
               ?: bpf_skb_store_bytes(skb, ETH_HLEN, class, sizeof(class), BPF_F_RECOMPUTE_CSUM)
               ?: bpf_skb_store_bytes(skb, p->udp_at, &ports, sizeof(ports), 0);
}

/* RFC 3550 A.8; the unit is a sixteenth of a timestamp's. */
always_inlined void jitter_count(struct relay_record *r, const struct packet *p, __u64 now)
{
    __u32 arrival = now * r->clock_rate >> 32; /* only differences count: it may wrap */
    __u32 transit = arrival - p->timestamp, change = transit - r->transit;

    if ((__s32)change < 0)
        change = -change;
    if (r->packets && change < JUMP * r->clock_rate >> 32)
        r->jitter += change - ((r->jitter + 8) >> 4);
    r->transit = transit;
}

/* A stream stays with one processor as a rule: only the sums must not suffer when it does not. */
always_inlined void packet_count(struct relay_record *r, const struct packet *p, __u64 now)
{
    __u16 ahead = p->sequence - (__u16)r->highest;

    jitter_count(r, p, now);
    if (!r->packets)
        r->first = r->highest = p->sequence;
    else if (ahead && ahead < 0x8000)
        r->highest += ahead;
    else
        r->reordered++;
    r->seen_ssrc = p->ssrc;
    r->last = now;
    __sync_fetch_and_add(&r->packets, 1);
    __sync_fetch_and_add(&r->bytes, p->payload);
}

always_inlined int packet_send(const struct relay_record *r)
{
    struct bpf_redir_neigh hop = {.nh_family = r->way_family};

    if (!r->way_family)
        return bpf_redirect_neigh(r->way_device, NULL, 0, 0);
    __builtin_memcpy(hop.ipv6_nh, r->way_next, 16);
    return bpf_redirect_neigh(r->way_device, &hop, sizeof(hop), 0);
}

/* TC_ACT_UNSPEC: as if this program were not there; others behind it have their turn. */
SEC("tc")
int relay(struct __sk_buff *skb)
{
    struct packet p = {};
    struct relay_record *r;
    __u64 now;

    if (!packet_take(&p, skb))
        return TC_ACT_UNSPEC;
    r = bpf_map_lookup_elem(&flows, &p.key);
    if (!r || (r->ssrc_known && r->ssrc != p.ssrc))
        return TC_ACT_UNSPEC;
    now = bpf_ktime_get_ns();
    if (!way_known(skb, &p, r, now) && !way_find(skb, &p, r, now))
        return TC_ACT_UNSPEC;
    if (p.key.family == 4 ? ip4_rewrite(skb, &p, r) : ip6_rewrite(skb, &p, r))
        return TC_ACT_SHOT; /* half rewritten, for want of memory */
    packet_count(r, &p, now);
    return packet_send(r);
}
