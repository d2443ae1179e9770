/* Unit tests of media/address.c: addresses as text, as bytes, and what kind they are of. */
#include "media/address.h"

#include <netinet/in.h>

#include "tests/unit/check.h"

static struct media_address address(const char *host)
{
    struct media_address a = {0};

    if (!media_address_parse(&a, view_of(host)))
        fail_msg("\"%s\" is no address", host);
    return a;
}

static void text_is_read_and_written(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct media_address a = address(rows[i].from);
        char buffer[64];
        struct text out = TEXT(buffer);

        media_address_text(&a, &out);
        assert_view(text_done(&out), rows[i].to);
    }
}

static void other_text_is_no_address(void **state)
{
    static const char *rows[] = {
        "",
        "a",
        "pbx.example",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1 ",
        "192.0.2.1/127",
        "[2001:db8::1]",
        "2001:db8::1%eth0",
        "1.2.3.4.5",
        ":::",
        "00000000000000000000000000000000000000000000000000000001",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct media_address a = {.family = 6, .port = 7, .bytes = {9}};

        assert_row(rows[i], !media_address_parse(&a, view_of(rows[i])));
        assert_row(rows[i], a.family == 6 && a.port == 7 && a.bytes[0] == 9);
    }
    assert_false(media_address_parse(&(struct media_address){0}, VIEW("192.0.2.1\0")));
}

static void a_port_survives_parsing(void **state)
{
    struct media_address a = {.family = 6, .port = 5004, .bytes = {[15] = 1}};

    (void)state;
    assert_true(media_address_parse(&a, VIEW("192.0.2.1")));
    assert_int_equal(a.port, 5004);
    assert_int_equal(a.bytes[15], 0);
}

static void no_address_has_no_text(void **state)
{
    struct media_address none = {0};
    char buffer[8];
    struct text out = TEXT(buffer);

    (void)state;
    media_address_text(&none, &out);
    assert_view(text_done(&out), "");
}

static void text_that_does_not_fit_is_told(void **state)
{
    struct media_address a = address("192.0.2.100");
    char buffer[8];
    struct text out = TEXT(buffer);

    (void)state;
    media_address_text(&a, &out);
    assert_true(out.full);
}

static void hosts_and_ports_are_compared(void **state)
{
    struct media_address a = address("192.0.2.1"), b = address("::ffff:192.0.2.1");
    struct media_address c = address("192.0.2.2"), d = address("c000:201::");

    (void)state;
    b.port = 1;
    assert_true(media_address_same_host(&a, &b));
    assert_false(media_address_same(&a, &b));
    a.port = 1;
    assert_true(media_address_same(&a, &b));
    assert_false(media_address_same_host(&a, &c));
    assert_false(media_address_same_host(&a, &d)); /* the same bytes, another family */
}

static void kinds_are_told_apart(void **state)
{
    static const struct {
        const char *host;
        bool any, loopback, private, group;
    } rows[] = {
        {"0.0.0.0", true, false, false, false},
        {"::", true, false, false, false},
        {"0.0.0.1", false, false, false, false},
        {"9.255.255.255", false, false, false, false},
        {"10.0.0.0", false, false, true, false},
        {"10.255.255.255", false, false, true, false},
        {"11.0.0.0", false, false, false, false},
        {"172.15.255.255", false, false, false, false},
        {"172.16.0.0", false, false, true, false},
        {"172.31.255.255", false, false, true, false},
        {"172.32.0.0", false, false, false, false},
        {"192.167.255.255", false, false, false, false},
        {"192.168.0.0", false, false, true, false},
        {"192.169.0.0", false, false, false, false},
        {"100.63.255.255", false, false, false, false},
        {"100.64.0.0", false, false, true, false},
        {"100.127.255.255", false, false, true, false},
        {"100.128.0.0", false, false, false, false},
        {"169.254.1.1", false, false, true, false},
        {"169.253.1.1", false, false, false, false},
        {"127.0.0.1", false, true, true, false},
        {"127.255.255.254", false, true, true, false},
        {"128.0.0.1", false, false, false, false},
        {"::1", false, true, true, false},
        {"::2", false, false, false, false},
        {"7f00::1", false, false, false, false}, /* begins like 127/8 */
        {"fbff::1", false, false, false, false},
        {"fc00::1", false, false, true, false},
        {"fdff::1", false, false, true, false},
        {"fe00::1", false, false, false, false},
        {"fe80::1", false, false, true, false},
        {"febf::1", false, false, true, false},
        {"fec0::1", false, false, false, false},
        {"2001:db8::1", false, false, false, false},
        {"a00::1", false, false, false, false}, /* begins like 10/8 */
        {"::ffff:10.0.0.1", false, false, true, false},
        {"223.255.255.255", false, false, false, false},
        {"224.0.0.0", false, false, false, true},
        {"239.255.255.255", false, false, false, true},
        {"240.0.0.1", false, false, false, false},
        {"255.255.255.255", false, false, false, true},
        {"255.255.255.254", false, false, false, false},
        {"ff02::1", false, false, false, true},
        {"e000::1", false, false, false, false},
        {"::ffff:224.0.0.1", false, false, false, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct media_address a = address(rows[i].host);

        assert_row(rows[i].host, media_address_is_any(&a) == rows[i].any);
        assert_row(rows[i].host, media_address_is_loopback(&a) == rows[i].loopback);
        assert_row(rows[i].host, media_address_is_private(&a) == rows[i].private);
        assert_row(rows[i].host, media_address_is_group(&a) == rows[i].group);
    }
}

static void no_address_is_of_no_kind(void **state)
{
    struct media_address none = {0};

    (void)state;
    assert_false(media_address_is_any(&none));
    assert_false(media_address_is_loopback(&none));
    assert_false(media_address_is_private(&none));
    assert_false(media_address_is_group(&none));
}

static void socket_addresses_come_back(void **state)
{
    static const char *rows[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0", "::"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct media_address a = address(rows[i]), back = {.bytes = {[9] = 9}};
        struct sockaddr_storage s;

        a.port = 40000;
        assert_int_equal(media_address_sockaddr(&a, &s),
                         a.family == 6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        media_address_set(&back, (struct sockaddr *)&s);
        assert_row(rows[i], media_address_same(&a, &back));
    }
}

static void a_mapped_socket_address_is_ipv4(void **state)
{
    struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_port = htons(5004)};
    struct media_address a, want = address("192.0.2.1");

    (void)state;
    memcpy(from.sin6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\377\377\300\0\2\1", 16);
    want.port = 5004;
    media_address_set(&a, (struct sockaddr *)&from);
    assert_true(media_address_same(&a, &want));
}

static void other_families_are_none(void **state)
{
    struct sockaddr from = {.sa_family = AF_UNIX};
    struct sockaddr_storage to;
    struct media_address a = {.family = 4, .port = 1};

    (void)state;
    media_address_set(&a, &from);
    assert_int_equal(a.family, 0);
    assert_int_equal(media_address_sockaddr(&a, &to), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_and_written),
        cmocka_unit_test(other_text_is_no_address),
        cmocka_unit_test(a_port_survives_parsing),
        cmocka_unit_test(no_address_has_no_text),
        cmocka_unit_test(text_that_does_not_fit_is_told),
        cmocka_unit_test(hosts_and_ports_are_compared),
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(no_address_is_of_no_kind),
        cmocka_unit_test(socket_addresses_come_back),
        cmocka_unit_test(a_mapped_socket_address_is_ipv4),
        cmocka_unit_test(other_families_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
