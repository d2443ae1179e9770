/* Unit tests of the parts of the resolver that need no network: names, answers, orders, the cache,
 * the hosts file, name servers as text, peers that failed. */
#include <stdio.h>

#include "sip/dns_cache.h"
#include "sip/dns_hosts.h"
#include "sip/dns_server.h"
#include "sip/failing.h"
#include "sip/server_order.h"
#include "tests/unit/check.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static void names_are_checked_before_they_are_asked(void **state)
{
    static const struct {
        const char *host, *name; /* NULL: refused */
    } rows[] = {
        {"Companyb.COM", "companyb.com"},
        {"companyb.com.", "companyb.com"},
        {"_sip._udp.x-1", "_sip._udp.x-1"},
        {LABEL_63 ".com", LABEL_63 ".com"},
        {LABEL_63 "x.com", NULL},
        {LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL},
        {"", NULL},
        {".", NULL},
        {"a..b", NULL},
        {".a", NULL},
        {"a b", NULL},
        {"a\\b", NULL},
        {"\xc3\xa4.de", NULL},
    };
    char name[DNS_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool right = dns_name_set(name, view_of(rows[i].host));

        assert_row(rows[i].host, right == (rows[i].name != NULL));
        assert_row(rows[i].host, !right || strcmp(name, rows[i].name) == 0);
    }
    assert_false(dns_name_set(name, (struct view){"a\0b", 3}));
}

static void name_servers_are_read(void **state)
{
    static const struct {
        const char *text;
        unsigned family, port; /* 0: refused */
    } rows[] = {
        {"192.0.2.53", 4, 53},
        {"192.0.2.53:5353", 4, 5353},
        {"2001:db8::53", 6, 53},
        {"[2001:db8::53]", 6, 53},
        {"[2001:db8::53]:1", 6, 1},
        {"192.0.2.53:", 0, 0},
        {"192.0.2.53:0", 0, 0},
        {"192.0.2.53:65536", 0, 0},
        {"", 0, 0},
        {"[2001:db8::53", 0, 0},
        {"[]", 0, 0},
        {"dns.example", 0, 0},
        {"[2001:db8::53]5353", 0, 0},
        {":53", 0, 0},
        {"1.2.3.4:5:6", 0, 0},
    };
    struct sip_flow server;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool right = dns_server_set(&server, view_of(rows[i].text)) == OK;

        assert_row(rows[i].text, right == (rows[i].family != 0));
        assert_row(rows[i].text,
                   !right || (server.family == rows[i].family && server.port == rows[i].port));
    }
}

/* answers, written by hand */

#define HEAD(answers, authorities)                                                                 \
    "\x12\x34\x81\x80\0\1\0" answers "\0" authorities "\0\0"                                       \
    "\1x\4test\0\0\1\0\1"
#define RECORD(type, ttl, size) "\xc0\x0c\0" type "\0\1\0\0\0" ttl "\0" size

static void read_bytes(struct dns_answer *a, const char *bytes, size_t size, enum dns_type type)
{
    char *copy = malloc(size); /* so that a sanitizer sees each step beyond */

    memcpy(copy, bytes, size);
    dns_answer_read(a, (struct view){copy, size}, "x.test", type);
    free(copy);
}

#define READ(a, literal, type) read_bytes(a, literal, sizeof(literal) - 1, type)

static void an_answer_is_read(void **state)
{
    static const char alias[] =
        HEAD("\2", "\0") RECORD("\5", "\x14", "\4") "\1y\xc0\x0e"
                                                    "\xc0\x24\0\1\0\1\0\0\0\x0a\0\4\xc0\0\2\7";
    struct dns_answer a;

    (void)state;
    READ(&a,
         HEAD("\2", "\0")
             RECORD("\1", "\x0a", "\4") "\xc0\0\2\1" RECORD("\1", "\0", "\4") "\xc0\0\2\2",
         DNS_A);
    assert_int_equal(a.error, OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.ttl, 1); /* a ttl of 0 counts for a second */
    assert_memory_equal(a.records[1].address, "\xc0\0\2\2", 4);
    read_bytes(&a, alias, sizeof(alias) - 1, DNS_A);
    assert_int_equal(a.error, OK);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.ttl, 10);
}

static void answers_that_lie_are_harmless(void **state)
{
    static const char right[] = HEAD("\1", "\0") RECORD("\1", "\x0a", "\4") "\xc0\0\2\1";
    struct dns_answer a;

    (void)state;
    for (size_t n = 0; n < sizeof(right) - 1; n++) {
        read_bytes(&a, right, n, DNS_A);
        assert_int_not_equal(a.error, OK);
    }
    READ(&a, HEAD("\1", "\0") "\xc0\x24\0\1\0\1\0\0\0\1\0\4\1\2\3\4", DNS_A); /* points at itself */
    assert_int_equal(a.count, 0);
    READ(&a, HEAD("\1", "\0") RECORD("\1", "\x0a", "\5") "\1\2\3\4\5", DNS_A);
    assert_int_equal(a.count, 0);
    READ(&a, HEAD("\1", "\0") RECORD("\5", "\x0a", "\2") "\xc0\x0c", DNS_A); /* its own alias */
    assert_int_equal(a.error, ERR_NOT_FOUND);
    READ(&a, HEAD("\1", "\0") RECORD("\x21", "\1", "\6") "\0\1\0\1\0\1", DNS_SRV);
    assert_int_equal(a.count, 0);
    READ(&a,
         HEAD("\1", "\0") RECORD("\x23", "\1", "\6") "\0\1\0\1\xff"
                                                     "s",
         DNS_NAPTR);
    assert_int_equal(a.count, 0);
}

static void negative_answers_last_as_the_zone_says(void **state)
{
    struct dns_answer a;

    (void)state;
    READ(&a,
         HEAD("\0", "\1") RECORD("\6", "\x64", "\x16") "\0\0"
                                                       "1234567890123456"
                                                       "\0\0\0\x1e",
         DNS_A);
    assert_int_equal(a.error, ERR_NOT_FOUND);
    assert_int_equal(a.ttl, 30);
    READ(&a, HEAD("\0", "\0"), DNS_A);
    assert_int_equal(a.ttl, 30);
    READ(&a, "\x12\x34\x81\x82\0\1\0\0\0\0\0\0\1x\4test\0\0\1\0\1", DNS_A);
    assert_int_equal(a.error, ERR_CLOSED);
    assert_int_equal(a.ttl, 5);
}

/* orders */

static struct dns_record record(unsigned priority, unsigned weight, const char *target)
{
    struct dns_record r = {.priority = (uint16_t)priority, .weight = (uint16_t)weight};

    strcpy(r.target, target);
    return r;
}

static void naptr_records_are_tried_by_order_and_preference(void **state)
{
    struct dns_record r[] = {record(2, 1, "d"), record(1, 9, "c"), record(1, 2, "a"),
                             record(1, 2, "b")};

    (void)state;
    naptr_order(r, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(r[i].target[0], "abcd"[i]);
}

static void srv_weights_are_shares(void **state)
{
    const struct dns_record all[] = {record(20, 0, "z"), record(10, 60, "a"), record(10, 30, "b"),
                                     record(10, 10, "c"), record(10, 0, "n")};
    unsigned first[256] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < 10000; seed++) {
        struct dns_record r[COUNT(all)];

        memcpy(r, all, sizeof(all));
        srv_order(r, COUNT(r), seed);
        first[(unsigned char)r[0].target[0]]++;
        assert_int_equal(r[4].target[0], 'z');
    }
    assert_in_range(first['a'], 5700, 6300);
    assert_in_range(first['b'], 2700, 3300);
    assert_in_range(first['c'], 800, 1200);
    assert_in_range(first['n'], 1, 250); /* a very small chance, RFC 2782 */
}

static void srv_records_without_weights_are_all_kept(void **state)
{
    struct dns_record r[] = {record(1, 0, "a"), record(1, 0, "b"), record(0, 0, "c")};

    (void)state;
    srv_order(r, 3, 7);
    assert_string_equal(r[0].target, "c");
    assert_int_equal(r[1].target[0] + r[2].target[0], 'a' + 'b');
    srv_order(r, 0, 7);
}

/* cache */

static void the_cache_forgets_by_age_and_by_size(void **state)
{
    struct dns_answer a = {.error = OK, .ttl = 2, .count = 1}, out;
    struct dns_cache *c;
    char name[32];
    uint64_t begun = clock_ms();

    (void)state;
    assert_int_equal(dns_cache_new(&c), OK);
    dns_cache_put(c, "x.test", DNS_A, &a);
    assert_true(dns_cache_get(c, "x.test", DNS_A, clock_ms(), &out));
    assert_false(dns_cache_get(c, "x.test", DNS_AAAA, clock_ms(), &out));
    clock_advance(2000);
    assert_false(dns_cache_get(c, "x.test", DNS_A, clock_ms(), &out));
    assert_true(dns_cache_get(c, "x.test", DNS_A, begun, &out)); /* for who asked before */
    dns_cache_put(c, "x.test", DNS_A, &a);
    assert_int_equal(dns_cache_count(c), 1);
    for (int i = 0; i < DNS_CACHE_ENTRIES; i++) {
        snprintf(name, sizeof(name), "%d.test", i);
        dns_cache_put(c, name, DNS_A, &a);
    }
    assert_true(dns_cache_count(c) <= DNS_CACHE_ENTRIES);
    assert_false(dns_cache_get(c, "x.test", DNS_A, clock_ms(), &out));
    a.count = DNS_RECORDS_MAX;
    for (int i = 0; i < DNS_CACHE_ENTRIES; i++) {
        snprintf(name, sizeof(name), "%d.test", i);
        dns_cache_put(c, name, DNS_SRV, &a);
    }
    assert_true(dns_cache_count(c) * sizeof(a) <= DNS_CACHE_BYTES + sizeof(a) * 32);
    assert_true(dns_cache_get(c, name, DNS_SRV, clock_ms(), &out));
    dns_cache_free(c);
}

static void a_hosts_file_is_read(void **state)
{
    struct dns_hosts *h;
    struct dns_answer a;

    (void)state;
    assert_int_equal(dns_hosts_new(&h, VIEW("# comment\n127.0.0.1 localhost\n"
                                            "  192.0.2.7\tPbx.lab pbx # 192.0.2.8 no\r\n"
                                            "192.0.2.9 pbx\n2001:db8::1 six\nnonsense pbx2\n"
                                            "1.2.3 pbx3\n192.0.2.1\n192.0.2.1 last")),
                     OK);
    assert_true(dns_hosts_get(h, "pbx.lab", DNS_A, &a));
    assert_int_equal(a.count, 1);
    assert_memory_equal(a.records[0].address, "\xc0\0\2\7", 4);
    assert_true(dns_hosts_get(h, "pbx", DNS_A, &a));
    assert_int_equal(a.count, 2);
    assert_true(dns_hosts_get(h, "six", DNS_A, &a));
    assert_int_equal(a.error, ERR_NOT_FOUND);
    assert_true(dns_hosts_get(h, "six", DNS_AAAA, &a));
    assert_int_equal(a.error, OK);
    assert_true(dns_hosts_know(h, "last"));
    assert_false(dns_hosts_know(h, "no"));
    assert_false(dns_hosts_know(h, "pbx2") || dns_hosts_know(h, "pbx3"));
    dns_hosts_free(h);
    assert_int_equal(dns_hosts_read(&h, "/nonexistent/hosts"), OK);
    assert_false(dns_hosts_know(h, "localhost"));
    dns_hosts_free(h);
}

static void a_peer_that_failed_is_remembered_for_a_while(void **state)
{
    struct failing f = {0};
    struct sip_flow flow = {.family = 4, .port = 1, .address = {192, 0, 2, 1}}, other = flow;

    (void)state;
    failing_note(&f, &flow, 30);
    assert_true(failing_has(&f, &flow));
    other.port = 2;
    assert_false(failing_has(&f, &other));
    clock_advance(30000);
    assert_false(failing_has(&f, &flow));
    failing_note(&f, &flow, 30);
    for (unsigned i = 0; i < FAILING_MAX; i++) {
        other.port = (uint16_t)(100 + i);
        failing_note(&f, &other, 30);
    }
    assert_false(failing_has(&f, &flow)); /* the oldest went */
    assert_true(failing_has(&f, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked_before_they_are_asked),
        cmocka_unit_test(name_servers_are_read),
        cmocka_unit_test(an_answer_is_read),
        cmocka_unit_test(answers_that_lie_are_harmless),
        cmocka_unit_test(negative_answers_last_as_the_zone_says),
        cmocka_unit_test(naptr_records_are_tried_by_order_and_preference),
        cmocka_unit_test(srv_weights_are_shares),
        cmocka_unit_test(srv_records_without_weights_are_all_kept),
        cmocka_unit_test(the_cache_forgets_by_age_and_by_size),
        cmocka_unit_test(a_hosts_file_is_read),
        cmocka_unit_test(a_peer_that_failed_is_remembered_for_a_while),
    };

    clock_make_virtual(1000000, 1800000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
