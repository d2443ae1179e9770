/* Unit tests of sip/flow.c: flows as addresses, as text and packed. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "sip/flow.h"
#include "tests/unit/check.h"

static struct sip_flow flow_of(uint8_t transport, const char *host, uint16_t port)
{
    struct sip_flow f = {.transport = transport, .port = port, .listener = 3};

    assert_true(flow_set_address(&f, view_of(host)));
    memset(f.local, 7, f.family == 6 ? 16 : 4);
    return f;
}

static void addresses_are_read(void **state)
{
    static const struct {
        const char *host;
        uint8_t family; /* 0: no numeric address */
        const char *text;
    } rows[] = {
        {"192.0.2.1", 4, "192.0.2.1"},
        {"2001:DB8:0::1", 6, "2001:db8::1"},
        {"[2001:db8::1]", 6, "2001:db8::1"},
        {"::ffff:192.0.2.1", 6, "::ffff:192.0.2.1"},
        {"192.0.2.1 ", 0, NULL},
        {"192.0.2", 0, NULL},
        {"192.0.2.256", 0, NULL},
        {"example.com", 0, NULL},
        {"[2001:db8::1", 0, NULL},
        {"", 0, NULL},
        {"2001:db8::1%eth0", 0, NULL},
        {"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0001", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sip_flow f = {0};
        char bytes[64];
        struct text out = TEXT(bytes);

        assert_row(rows[i].host, flow_set_address(&f, view_of(rows[i].host)) == !!rows[i].family);
        assert_row(rows[i].host, f.family == rows[i].family);
        if (!f.family)
            continue;
        flow_address_text(f.address, f.family, false, &out);
        assert_view(text_done(&out), rows[i].text);
    }
}

static void an_address_leaves_nothing_of_the_old_one(void **state)
{
    struct sip_flow a = flow_of(FLOW_UDP, "2001:db8::ffff", 1),
                    b = flow_of(FLOW_UDP, "10.0.0.1", 1);

    (void)state;
    assert_true(flow_set_address(&a, VIEW("10.0.0.1")));
    assert_true(flow_same_address(&a, &b));
}

static void socket_addresses_come_back(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct sip_flow f = flow_of(FLOW_TCP, hosts[i], 5061), back = {.transport = FLOW_TCP};
        struct sockaddr_storage address;

        assert_int_equal(flow_peer(&f, &address),
                         i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        flow_set_peer(&back, (const struct sockaddr *)&address);
        assert_true(flow_same_peer(&f, &back));
    }
}

static void peers_differ_in_all_parts(void **state)
{
    struct sip_flow f = flow_of(FLOW_UDP, "192.0.2.1", 5060), other;

    (void)state;
    other = flow_of(FLOW_TCP, "192.0.2.1", 5060);
    assert_false(flow_same_peer(&f, &other));
    assert_true(flow_same_address(&f, &other));
    other = flow_of(FLOW_UDP, "192.0.2.1", 5061);
    assert_false(flow_same_peer(&f, &other));
    other = flow_of(FLOW_UDP, "192.0.2.2", 5060);
    assert_false(flow_same_peer(&f, &other));
    assert_false(flow_is_reliable(&f));
}

static void text_names_the_transport(void **state)
{
    struct sip_flow f = flow_of(FLOW_UDP, "192.0.2.1", 5060);
    char text[FLOW_TEXT_MAX];

    (void)state;
    assert_string_equal(flow_text(&f, text), "udp:192.0.2.1:5060");
    assert_string_equal(flow_transport_name(&f), "UDP");
    f = flow_of(FLOW_TCP, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
    assert_string_equal(flow_text(&f, text), "tcp:[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    assert_string_equal(flow_transport_name(&f), "TCP");
}

static void packed_flows_come_back_whole_or_not(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct sip_flow f = flow_of(FLOW_TCP, hosts[i], 5062), back;
        uint8_t bytes[FLOW_PACKED_MAX + 1] = {0};
        size_t n = flow_pack(&f, bytes);

        assert_true(n <= FLOW_PACKED_MAX);
        assert_true(flow_unpack(&back, (struct view){(char *)bytes, n}));
        assert_memory_equal(&f, &back, sizeof(f));
        for (size_t cut = 0; cut <= n + 1; cut++)
            assert_int_equal(flow_unpack(&back, (struct view){(char *)bytes, cut}), cut == n);
        bytes[0] = 0x25; /* no such transport, no such family */
        assert_false(flow_unpack(&back, (struct view){(char *)bytes, n}));
        assert_int_equal(back.family, 0);
    }
}

static void loopback_and_nothing_are_local(void **state)
{
    static const char *const local[] = {"127.0.0.1", "127.255.0.1", "0.0.0.0",
                                        "::",        "::1",         "::ffff:127.0.0.1"};
    static const char *const others[] = {"126.0.0.1", "192.0.2.1", "::2", "::ffff:192.0.2.1",
                                         "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(local); i++) {
        struct sip_flow f = flow_of(FLOW_UDP, local[i], 5060);

        assert_true(flow_is_local(&f));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        struct sip_flow f = flow_of(FLOW_UDP, others[i], 5060);

        assert_false(flow_is_local(&f));
    }
}

static void groups_are_no_peers(void **state)
{
    static const char *const groups[] = {"224.0.0.1",       "239.255.255.250", "::ffff:224.0.1.75",
                                         "255.255.255.255", "ff02::1",         "ff0e::b"};
    static const char *const hosts[] = {"223.255.255.255", "240.0.0.1",  "::ffff:192.0.2.1", "::1",
                                        "fe80::1",         "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(groups); i++) {
        struct sip_flow f = flow_of(FLOW_UDP, groups[i], 5060);

        assert_true(flow_is_group(&f));
    }
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct sip_flow f = flow_of(FLOW_UDP, hosts[i], 5060);

        assert_false(flow_is_group(&f));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(an_address_leaves_nothing_of_the_old_one),
        cmocka_unit_test(socket_addresses_come_back),
        cmocka_unit_test(peers_differ_in_all_parts),
        cmocka_unit_test(text_names_the_transport),
        cmocka_unit_test(packed_flows_come_back_whole_or_not),
        cmocka_unit_test(loopback_and_nothing_are_local),
        cmocka_unit_test(groups_are_no_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
