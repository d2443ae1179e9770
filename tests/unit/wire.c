/* Frames as they are on a cable, for the tests of the fast path. */
#include "tests/unit/wire.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
/* wants those above first */
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>

#include "tests/unit/check.h"
#include "tests/unit/phones.h"

#define EXPEDITED 0xb8 /* DSCP 46 */

void checksums_complete(int space, const char *interface)
{
    struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM};
    struct ifreq request = {.ifr_data = (char *)&off};
    int fd;

    space_enter(space);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
    close(fd);
}

int wire_open(int space, uint8_t family)
{
    const struct timeval patience = {.tv_sec = 5};
    uint16_t protocol = htons(family == 4 ? ETH_P_IP : ETH_P_IPV6);
    struct sockaddr_ll eth = {.sll_family = AF_PACKET, .sll_protocol = protocol};
    int fd;

    space_enter(space);
    fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
    eth.sll_ifindex = (int)if_nametoindex("eth");
    assert_int_equal(bind(fd, (struct sockaddr *)&eth, sizeof(eth)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

int tagger_open(int space)
{
    struct sockaddr_ll eth = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd;

    space_enter(space);
    fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    eth.sll_ifindex = (int)if_nametoindex("eth");
    assert_int_equal(bind(fd, (struct sockaddr *)&eth, sizeof(eth)), 0);
    return fd;
}

void tagger_send(int tagger)
{
    static const uint8_t tag[] = {ETH_P_8021Q >> 8, ETH_P_8021Q & 0xff, 0, 7};
    uint8_t frame[2048];
    ssize_t n = recv(tagger, frame, sizeof(frame) - sizeof(tag), 0);

    assert_true(n > ETH_HLEN);
    memmove(frame + 12 + sizeof(tag), frame + 12, (size_t)n - 12);
    memcpy(frame + 12, tag, sizeof(tag));
    n += (ssize_t)sizeof(tag);
    assert_int_equal(send(tagger, frame, (size_t)n, 0), n);
}

/* The sum of RFC 1071, not folded; n is even but for the last part. */
static uint32_t sum(uint32_t from, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;

    for (size_t i = 0; i < n; i++)
        from += i % 2 ? b[i] : (uint32_t)b[i] << 8;
    return from;
}

static bool sum_is_right(uint32_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s == 0xffff;
}

/* Where the UDP header is; 0: no UDP. */
static size_t udp_find(const uint8_t *packet, uint8_t family)
{
    if (packet[0] >> 4 != family)
        return 0;
    if (family == 4)
        return packet[9] == IPPROTO_UDP ? sizeof(struct ip) : 0;
    return packet[6] == IPPROTO_UDP ? sizeof(struct ip6_hdr) : 0;
}

static uint16_t sum_fold(uint32_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return htons((uint16_t)~s);
}

void tagger_forge(int tagger, const struct kernel_flow *f)
{
    uint8_t frame[2048];
    ssize_t n;
    struct ip ip;
    struct udphdr udp = {.uh_sport = htons(f->peer.port), .uh_dport = htons(f->local.port)};

    do {
        n = recv(tagger, frame, sizeof(frame), 0);
        assert_true(n > 0);
    } while (n < ETH_HLEN + (ssize_t)(sizeof(ip) + sizeof(udp)) || !udp_find(frame + ETH_HLEN, 4));
    memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
    memcpy(&ip.ip_src, f->peer.bytes, 4);
    memcpy(&ip.ip_dst, f->local.bytes, 4);
    ip.ip_sum = 0;
    ip.ip_sum = sum_fold(sum(0, &ip, sizeof(ip)));
    udp.uh_ulen = htons((uint16_t)(ntohs(ip.ip_len) - sizeof(ip)));
    memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
    memcpy(frame + ETH_HLEN + sizeof(ip), &udp, sizeof(udp));
    assert_int_equal(send(tagger, frame, (size_t)n, 0), n);
}

unsigned wire_expect(int wire, uint8_t family, bool no_checksum)
{
    uint8_t packet[2048];
    ssize_t n;
    size_t at;
    struct udphdr udp;

    do {
        n = recv(wire, packet, sizeof(packet), 0);
        assert_true(n > 40);
        at = udp_find(packet, family);
    } while (!at);
    memcpy(&udp, packet + at, sizeof(udp));
    assert_int_equal((family == 4 ? packet[1] : packet[0] << 4 | packet[1] >> 4) & 0xff, EXPEDITED);
    if (family == 4)
        assert_true(sum_is_right(sum(0, packet, at)));
    if (no_checksum)
        assert_int_equal(udp.uh_sum, 0);
    else /* both addresses, and what stands for the rest of the pseudo header */
        assert_true(sum_is_right(sum(sum(IPPROTO_UDP + ntohs(udp.uh_ulen),
                                         packet + (family == 4 ? 12 : 8), family == 4 ? 8 : 32),
                                     packet + at, ntohs(udp.uh_ulen))));
    return packet[family == 4 ? 8 : 7];
}
