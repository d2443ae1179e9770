/* The fast path: packets cross the relay's host without waking it, and only those that may. */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/bpf/relay.h"
#include "tests/unit/fast_path.h"
#include "tests/unit/wire.h"

static struct scene scene;

/* ---- what crosses ---------------------------------------------------------------------------- */

static void packets_cross(uint8_t family, enum scene_kind kind)
{
    struct line l;

    scene_open(&scene, kind);
    line_open(&l, &scene.spaces, family);
    assert_slow(&l);
    line_set(&scene, &l);
    assert_fast(&l);
    kernel_flow_drop(scene.map, &l.forth);
    assert_slow(&l);
    scene_end(&scene, &l);
}

static void packets_cross_by_ip4(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(4, SCENE_PLAIN);
}

static void packets_cross_by_ip6(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(6, SCENE_PLAIN);
}

static void packets_cross_by_a_filter(void **state)
{
    (void)state;
    ONLY_WHERE_POSSIBLE();
    packets_cross(4, SCENE_CLSACT);
    packets_cross(6, SCENE_CLSACT);
}

static void packets_cross_loopback(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_LOOPBACK);
    for (uint8_t family = 4; family <= 6; family += 2) {
        line_open_loopback(&l, family);
        assert_slow(&l);
        line_set(&scene, &l);
        assert_fast(&l);
        line_close(&l);
    }
    scene_close(&scene);
}

static void packets_cross_by_a_gateway(void **state)
{
    static const char *const ways[] = {"10.0.9.0/24 via 10.0.2.2",
                                       "10.0.9.0/24 via inet6 fd00:2::2"};
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    for (size_t i = 0; i < COUNT(ways); i++) {
        scene_open(&scene, SCENE_PLAIN);
        command_run("ip route add %s dev to-b", ways[i]);
        space_enter(scene.spaces.b);
        command_run("ip address add 10.0.9.2/32 dev lo");
        space_enter(scene.spaces.relay);
        line_open(&l, &scene.spaces, 4);
        close(l.b);
        space_enter(scene.spaces.b);
        l.b = socket_open(&l.forth.out_peer, 4, "10.0.9.2");
        l.back.peer = l.forth.out_peer;
        command_run("ip route add default via 10.0.2.1 src 10.0.9.2");
        space_enter(scene.spaces.relay);
        line_set(&scene, &l);
        assert_fast(&l);
        scene_end(&scene, &l);
    }
}

/* ---- what stays in user space ---------------------------------------------------------------- */

static void lease_ends(void **state)
{
    const uint64_t end = now_ns() + 2 * SECOND_NS;
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_begin(&scene, &l);
    assert_int_equal(kernel_lease_renew(scene.map, end), OK);
    assert_fast(&l);
    pass_until(end);
    assert_slow(&l);
    assert_int_equal(kernel_lease_renew(scene.map, now_ns() + LONG_NS), OK);
    assert_fast(&l);
    kernel_flows_clear(scene.map);
    assert_slow(&l);
    line_set(&scene, &l); /* the lease went with the flows */
    assert_slow(&l);
    scene_end(&scene, &l);
}

static void strangers_do_not_cross(void **state)
{
    const struct rtp_packet other = {.sequence = 7, .timestamp = 160, .ssrc = one.ssrc + 1};
    struct media_address stranger;
    struct line l;
    int fd;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    line_open(&l, &scene.spaces, 4);
    l.forth.ssrc = one.ssrc;
    l.forth.ssrc_known = true;
    line_set(&scene, &l);
    assert_fast(&l);
    rtp_send(l.a, &l.forth.local, &other);
    rtp_expect(l.near, &l.forth.peer, &other);
    space_enter(scene.spaces.a);
    fd = socket_open(&stranger, 4, "10.0.1.2"); /* the phone's host, but another port */
    rtp_send(fd, &l.forth.local, &one);
    rtp_expect(l.near, &stranger, &one);
    assert_fast(&l);
    close(fd);
    scene_end(&scene, &l);
}

/* The kernel lets none come by cable that says it is from the host itself; nor does the program. */
static void forged_addresses_of_ours_do_not_cross(void **state)
{
    struct line own, other;
    char byte;
    int forger;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_LOOPBACK);
    line_open_loopback(&own, 4);
    line_open(&other, &scene.spaces, 4);
    line_set(&scene, &own);
    assert_fast(&own);
    assert_slow(&other); /* that the two hosts know each other */
    forger = tagger_open(scene.spaces.a);
    rtp_send(other.a, &other.forth.local, &one);
    tagger_forge(forger, &own.forth);
    rtp_send(other.a, &other.forth.local, &two);
    rtp_expect(other.near, &other.forth.peer, &one);
    rtp_expect(other.near, &other.forth.peer, &two); /* behind the forged one */
    assert_int_equal(recv(own.b, &byte, 1, MSG_DONTWAIT), -1);
    close(forger);
    line_close(&own);
    line_close(&other);
    scene_close(&scene);
}

static const struct {
    bool crosses;
    size_t n;
    uint8_t bytes[20];
} payloads[] = {
    {true, 20, {0x80, 0x88}},  /* G.711 with a marker */
    {true, 20, {0xbf, 0x08}},  /* padding, extension, sources */
    {true, 20, {0x80, 191}},   /* before the types of RTCP */
    {true, 20, {0x80, 224}},   /* behind the types of RTCP */
    {true, 12, {0x80, 0x08}},  /* a head alone */
    {false, 20, {0x80, 192}},  /* RTCP's first type */
    {false, 20, {0x80, 200}},  /* RTCP sender report */
    {false, 20, {0x81, 223}},  /* RTCP's last type */
    {false, 20, {0x00, 0x01}}, /* STUN */
    {false, 20, {0x16, 0xfe}}, /* DTLS */
    {false, 20, {0x40, 0x08}}, /* RTP version 1 */
    {false, 20, {0xc0, 0x08}}, /* version 3 */
    {false, 11, {0x80, 0x08}}, /* short of a head */
    {false, 0, {0}},           /* nothing */
};

static void only_rtp_crosses(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    for (uint8_t family = 4; family <= 6; family += 2) {
        line_open(&l, &scene.spaces, family);
        line_set(&scene, &l);
        for (size_t i = 0; i < COUNT(payloads); i++) {
            bytes_send(l.a, &l.forth.local, payloads[i].bytes, payloads[i].n);
            if (payloads[i].crosses)
                bytes_expect(l.b, &l.forth.out_local, payloads[i].bytes, payloads[i].n);
            else
                bytes_expect(l.near, &l.forth.peer, payloads[i].bytes, payloads[i].n);
        }
        line_close(&l);
    }
    scene_close(&scene);
}

/* Of a phone's socket, for one packet. */
static const struct {
    const char *name;
    uint8_t family;
    int level, option;
    unsigned char value[4];
    socklen_t size;
} oddities[] = {
    {"a TTL that ends here", 4, IPPROTO_IP, IP_TTL, {1}, 4},
    {"a hop limit that ends here", 6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, {1}, 4},
    {"IP options", 4, IPPROTO_IP, IP_OPTIONS, {1, 1, 1, 0}, 4},
};

static void odd_headers_stay(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    for (size_t i = 0; i < COUNT(oddities); i++) {
        line_open(&l, &scene.spaces, oddities[i].family);
        line_set(&scene, &l);
        assert_fast(&l);
        assert_row(oddities[i].name, !setsockopt(l.a, oddities[i].level, oddities[i].option,
                                                 oddities[i].value, oddities[i].size));
        assert_slow(&l);
        line_close(&l);
    }
    scene_close(&scene);
}

static void fragments_stay(void **state)
{
    static const uint8_t bytes[1400] = {0x80, 8};
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    space_enter(scene.spaces.a);
    command_run("ip link set eth mtu 1280");
    for (uint8_t family = 4; family <= 6; family += 2) {
        line_open(&l, &scene.spaces, family);
        line_set(&scene, &l);
        bytes_send(l.a, &l.forth.local, bytes, sizeof(bytes));
        bytes_expect(l.near, &l.forth.peer, bytes, sizeof(bytes));
        assert_fast(&l);
        line_close(&l);
    }
    scene_close(&scene);
}

/* Two packets that the phone's host handed down as one. */
static void merged_packets_stay(void **state)
{
    uint8_t bytes[400] = {0x80, 8};
    const int size = sizeof(bytes) / 2;
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    bytes[size] = 0x80;
    scene_begin(&scene, &l);
    assert_int_equal(setsockopt(l.a, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), 0);
    bytes_send(l.a, &l.forth.local, bytes, sizeof(bytes));
    bytes_expect(l.near, &l.forth.peer, bytes, (size_t)size);
    bytes_expect(l.near, &l.forth.peer, bytes + size, (size_t)size);
    scene_end(&scene, &l);
}

/* Nobody here takes it; a packet behind it shows that it has passed. */
static void tagged_frames_stay(void **state)
{
    struct kernel_counts c;
    struct line l;
    int tagger;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_begin(&scene, &l);
    assert_fast(&l);
    tagger = tagger_open(scene.spaces.a);
    assert_fast(&l);
    tagger_send(tagger);
    assert_fast(&l);
    assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
    assert_int_equal(c.packets, 3);
    close(tagger);
    scene_end(&scene, &l);
}

static void without_a_way_out_they_stay(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_begin(&scene, &l);
    assert_fast(&l);
    command_run("ip link set to-b mtu 150");
    pass_until(now_ns() + RELAY_BELIEF);
    assert_slow(&l);
    command_run("ip link set to-b mtu 1500");
    assert_fast(&l);
    command_run("ip route add unreachable 10.0.2.2/32");
    pass_until(now_ns() + RELAY_BELIEF);
    assert_slow(&l);
    command_run("ip route delete unreachable 10.0.2.2/32");
    assert_fast(&l);
    command_run("ip address delete 10.0.2.1/24 dev to-b");
    pass_until(now_ns() + RELAY_BELIEF);
    assert_slow(&l);
    scene_end(&scene, &l);
}

/* ---- what they look like ----------------------------------------------------------------------
 */

/* A checksum may be left to the last device on the way, or be there from the first. */
static void checksums_are_right(void **state)
{
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    for (int i = 0; i < 4; i++) {
        uint8_t family = i % 2 ? 6 : 4;
        int wire;

        scene_open(&scene, SCENE_PLAIN);
        checksums_complete(i < 2 ? scene.spaces.a : scene.spaces.relay, i < 2 ? "eth" : "to-b");
        line_open(&l, &scene.spaces, family);
        line_set(&scene, &l);
        wire = wire_open(scene.spaces.b, family);
        assert_fast(&l);
        assert_int_equal(wire_expect(wire, family, false), 63);
        close(wire);
        scene_end(&scene, &l);
    }
}

static void no_checksum_stays_none(void **state)
{
    const int yes = 1;
    struct line l;
    int wire;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_begin(&scene, &l);
    assert_int_equal(setsockopt(l.a, SOL_SOCKET, SO_NO_CHECK, &yes, sizeof(yes)), 0);
    wire = wire_open(scene.spaces.b, 4);
    assert_fast(&l);
    assert_int_equal(wire_expect(wire, 4, true), 63);
    close(wire);
    scene_end(&scene, &l);
}

/* ---- what is counted --------------------------------------------------------------------------
 */

static void packets_are_counted(void **state)
{
    static const uint16_t sequences[] = {65533, 65534, 0, 2, 1, 2}; /* 65535 is lost */
    struct kernel_counts c;
    struct line l;
    uint64_t begun = now_ns();

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    line_open(&l, &scene.spaces, 4);
    assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), ERR_NOT_FOUND);
    line_set(&scene, &l);
    assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
    assert_int_equal(c.packets, 0);
    for (size_t i = 0; i < COUNT(sequences); i++) {
        const struct rtp_packet p = {.sequence = sequences[i], .ssrc = 0xfedcba98};

        rtp_send(l.a, &l.forth.local, &p);
        rtp_expect(l.b, &l.forth.out_local, &p);
    }
    assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
    assert_int_equal(c.packets, 6);
    assert_int_equal(c.bytes, 6 * 172);
    assert_int_equal(c.ssrc, 0xfedcba98);
    assert_int_equal(c.first, 65533);
    assert_int_equal(c.highest, 65536 + 2);
    assert_int_equal(c.reordered, 2);
    assert_true(c.last > begun && c.last < now_ns());
    assert_int_equal(kernel_flow_read(scene.map, &l.back, &c), OK);
    assert_int_equal(c.packets, 0);
    scene_end(&scene, &l);
}

/* Timestamps that say 1000 s, of packets that come one right behind the other. */
static void jitter_is_counted(void **state)
{
    const struct rtp_packet late = {.sequence = 8, .timestamp = one.timestamp + 32000};
    const struct rtp_packet anew = {.sequence = 9, .timestamp = one.timestamp + (1 << 30)};
    uint32_t jitter;
    struct kernel_counts c;
    struct line l;

    (void)state;
    ONLY_WHERE_POSSIBLE();
    scene_open(&scene, SCENE_PLAIN);
    line_open(&l, &scene.spaces, 4);
    for (uint32_t rate = 0; rate <= 8000; rate += 8000) {
        assert_int_equal(kernel_flow_set(scene.map, &l.forth, rate), OK);
        rtp_send(l.a, &l.forth.local, &one);
        assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
        assert_int_equal(c.jitter, 0);
        rtp_send(l.a, &l.forth.local, &late);
        assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
        assert_int_equal(c.packets, 2); /* those of the time before do not count */
        if (rate)
            assert_in_range(c.jitter, 28000, 32000);
        else
            assert_int_equal(c.jitter, 0);
        jitter = c.jitter;
        rtp_send(l.a, &l.forth.local, &anew); /* a jump of the timestamp is no jitter */
        assert_int_equal(kernel_flow_read(scene.map, &l.forth, &c), OK);
        assert_int_equal(c.jitter, jitter);
    }
    scene_end(&scene, &l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_cross_by_ip4),
        cmocka_unit_test(packets_cross_by_ip6),
        cmocka_unit_test(packets_cross_by_a_filter),
        cmocka_unit_test(packets_cross_loopback),
        cmocka_unit_test(packets_cross_by_a_gateway),
        cmocka_unit_test(lease_ends),
        cmocka_unit_test(strangers_do_not_cross),
        cmocka_unit_test(only_rtp_crosses),
        cmocka_unit_test(odd_headers_stay),
        cmocka_unit_test(fragments_stay),
        cmocka_unit_test(merged_packets_stay),
        cmocka_unit_test(tagged_frames_stay),
        cmocka_unit_test(forged_addresses_of_ours_do_not_cross),
        cmocka_unit_test(without_a_way_out_they_stay),
        cmocka_unit_test(checksums_are_right),
        cmocka_unit_test(no_checksum_stays_none),
        cmocka_unit_test(packets_are_counted),
        cmocka_unit_test(jitter_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
