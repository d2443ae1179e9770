/* Unit tests of sip/via.c: the topmost Via, in all the shapes that the grammar allows. */
#include "sip/via.h"
#include "tests/unit/check.h"

static const struct {
    const char *value;
    enum error error;
    const char *transport, *host;
    uint16_t port, answer_port;
    const char *branch;
    bool magic, rport;
    const char *received;
} rows[] = {
    {"SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK3f90cc15", OK, "UDP", "192.0.2.40", 5060, 5060,
     "z9hG4bK3f90cc15", true, false, ""},
    {"SIP/2.0/UDP 192.0.2.40", OK, "UDP", "192.0.2.40", 0, 5060, "", false, false, ""},
    {"SIP/2.0/TLS host.example", OK, "TLS", "host.example", 0, 5061, "", false, false, ""},
    {"SIP / 2.0\r\n /  UDP\r\n    192.0.2.2 : 4000 ; branch = z9hG4bK1 ;rport", OK, "UDP",
     "192.0.2.2", 4000, 4000, "z9hG4bK1", true, true, ""},
    {"SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bKas3-111", OK, "UDP", "[2001:db8::9:1]", 5070,
     5070, "z9hG4bKas3-111", true, false, ""},
    {"SIP/2.0/UDP [2001:db8::9:1];BRANCH=Z9HG4BKx", OK, "UDP", "[2001:db8::9:1]", 0, 5060,
     "Z9HG4BKx", true, false, ""},
    {"SIP/2.0/UDP a;branch=z9hG4bK", OK, "UDP", "a", 0, 5060, "z9hG4bK", false, false, ""},
    {"SIP/2.0/UDP a;branch=1;received=192.0.2.9;rport=99", OK, "UDP", "a", 0, 5060, "1", false,
     false, "192.0.2.9"},
    {"SIP/2.0/NOVEL a;rport;branch=z9hG4bKq;x=\"y\"", OK, "NOVEL", "a", 0, 5060, "z9hG4bKq", true,
     true, ""},
    {"sip/2.0/udp a", OK, "udp", "a", 0, 5060, "", false, false, ""},
    {"", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP ;branch=x", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/3.0/UDP a", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"HTTP/2.0/UDP a", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/U@P a", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a:0", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a:65536", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a:", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP [2001:db8::1", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a;", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a;;branch=x", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
    {"SIP/2.0/UDP a b;branch=x", ERR_SYNTAX, "", "", 0, 0, "", false, false, ""},
};

static void values_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct via v;
        enum error error = via_parse(&v, view_of(rows[i].value));

        assert_row(rows[i].value, error == rows[i].error);
        if (error != OK)
            continue;
        assert_view(v.transport, rows[i].transport);
        assert_view(v.host, rows[i].host);
        assert_view(v.branch, rows[i].branch);
        assert_view(v.received, rows[i].received);
        assert_row(rows[i].value, v.port == rows[i].port);
        assert_row(rows[i].value, via_port(&v) == rows[i].answer_port);
        assert_row(rows[i].value, v.magic == rows[i].magic);
        assert_row(rows[i].value, v.rport == rows[i].rport);
    }
}

static void rport_is_where_it_stands(void **state)
{
    struct view value = VIEW("SIP/2.0/UDP a; rport ;branch=b");
    struct via v;

    (void)state;
    assert_int_equal(via_parse(&v, value), OK);
    assert_view(v.rport_at, "rport");
    assert_ptr_equal(v.rport_at.p, value.p + 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_taken_apart),
        cmocka_unit_test(rport_is_where_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
