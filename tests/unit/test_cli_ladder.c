/* The ladder of `offhook trace`, and what it takes from a trace item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const struct ladder_message call[] = {
    {"12:00:01.123", "127.0.0.1:5061", "5550001", "INVITE 5550002", true},
    {"12:00:01.124", "127.0.0.1:5061", "5550001", "407 Proxy Authentication Required", false},
    {"12:00:01.130", "127.0.0.1:5062", "5550002", "INVITE 5550002", false},
    {"12:00:01.140", "127.0.0.1:5062", "5550002", "200 OK", true},
};

/* Draws n messages; the caller frees the result. */
static char *draw(const struct ladder_message *messages, size_t n, bool utf8)
{
    struct ladder l;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    ladder_init(&l, to, utf8);
    for (size_t i = 0; i < n; i++)
        ladder_draw(&l, &messages[i]);
    fclose(to);
    return text;
}

/* clang-format off */
static const char call_drawn[] =
    "                       5550001                        offhook\n"
    "                   127.0.0.1:5061\n"
    "12:00:01.123              |------- INVITE 5550002 ------>|\n"
    "12:00:01.124              |<- 407 Proxy Authenticatio.. -|\n"
    "\n"
    "                       5550001                        offhook                        5550002\n"
    "                   127.0.0.1:5061                                                127.0.0.1:5062\n"
    "12:00:01.130              |                              |------- INVITE 5550002 ------>|\n"
    "12:00:01.140              |                              |<---------- 200 OK -----------|\n";
/* clang-format on */

static void test_call(void **state)
{
    (void)state;
    char *text = draw(call, 4, false);
    assert_string_equal(text, call_drawn);
    free(text);
}

static void test_utf8(void **state)
{
    (void)state;
    char *text = draw(call, 1, true);
    assert_non_null(strstr(text, "\u2502\u2500"));
    assert_non_null(strstr(text, " INVITE 5550002 "));
    assert_non_null(strstr(text, "\u2500\u25b6\u2502"));
    free(text);
}

static size_t widest(const char *text)
{
    size_t most = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        most = n > most ? n : most;
        text += n + (text[n] == '\n');
    }
    return most;
}

static void test_many_parties(void **state)
{
    struct ladder_message m[8];
    char addresses[8][64];
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        snprintf(addresses[i], 64, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:%zu]:5060", i);
        m[i] = (struct ladder_message){"12:00:00.000", addresses[i], "5550001555000155500015550001",
                                       "183 Session Progress (INVITE)", i % 2 == 0};
    }
    char *text = draw(m, 8, false);
    assert_true(widest(text) <= LADDER_WIDTH);
    free(text);
}

static void test_quiet_party_gives_way(void **state)
{
    static const struct ladder_message m[] = {
        {"1", "a", "", "x", true}, {"2", "b", "", "x", true}, {"3", "c", "", "x", true},
        {"4", "a", "", "x", true}, {"5", "d", "", "x", true},
    };
    struct ladder l;
    char *text = NULL;
    size_t size = 0;
    (void)state;
    FILE *to = open_memstream(&text, &size);
    ladder_init(&l, to, false);
    for (size_t i = 0; i < 5; i++)
        ladder_draw(&l, &m[i]);
    fclose(to);
    free(text);
    assert_int_equal(l.party_count, 3);
    assert_string_equal(l.parties[0].address, "a");
    assert_string_equal(l.parties[1].address, "d");
    assert_string_equal(l.parties[2].address, "c");
}

static void read_item(struct sighting *s, const char *text)
{
    json_t *item = json_loads(text, 0, NULL);
    assert_non_null(item);
    sighting_read(s, item);
    json_decref(item);
}

static void test_request_item(void **state)
{
    struct sighting s;
    (void)state;
    read_item(&s, "{\"time\":\"2026-01-01T12:00:01.123Z\",\"direction\":\"in\",\"remote\":\"r:1\","
                  "\"summary\":\"INVITE sip:555-0002@companyb.com; user=phone SIP/2.0\","
                  "\"method\":\"INVITE\",\"from\":\"\\\"Bob\\\" <sip:5550001@c.com>;tag=1\","
                  "\"to\":\"<sip:5550002@c.com>\"}");
    assert_true(s.in);
    assert_string_equal(s.time, "12:00:01.123");
    assert_string_equal(s.remote, "r:1");
    assert_string_equal(s.name, "5550001");
    assert_string_equal(s.label, "INVITE 555-0002");
    read_item(&s, "{\"direction\":\"out\",\"summary\":\"REGISTER sip:c.com SIP/2.0\","
                  "\"method\":\"REGISTER\",\"from\":\"sip:1@c.com\",\"to\":\"sip:2@c.com\"}");
    assert_string_equal(s.name, "2");
    assert_string_equal(s.label, "REGISTER");
}

static void test_response_item(void **state)
{
    struct sighting s;
    (void)state;
    read_item(&s, "{\"direction\":\"in\",\"summary\":\"SIP/2.0 200 OK\",\"method\":\"INVITE\","
                  "\"status\":200,\"from\":\"sip:1@c.com\",\"to\":\"sip:2@c.com\"}");
    assert_string_equal(s.name, "2");
    assert_string_equal(s.label, "200 OK (INVITE)");
    read_item(&s, "{\"direction\":\"out\",\"summary\":\"180 Ringing\",\"status\":180,"
                  "\"from\":\"sip:1@c.com\",\"to\":\"sip:2@c.com\"}");
    assert_string_equal(s.name, "1");
    assert_string_equal(s.label, "180 Ringing");
}

static void test_strange_items(void **state)
{
    struct sighting s;
    (void)state;
    read_item(&s, "{}");
    assert_string_equal(s.label, "");
    read_item(&s, "{\"time\":[],\"summary\":5,\"from\":null,\"status\":\"x\"}");
    assert_string_equal(s.name, "");
    read_item(&s, "{\"time\":-1.5,\"summary\":\" \",\"to\":\"tel:+4930\",\"direction\":\"out\"}");
    assert_string_equal(s.name, "+4930");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call),          cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_many_parties),  cmocka_unit_test(test_quiet_party_gives_way),
        cmocka_unit_test(test_request_item),  cmocka_unit_test(test_response_item),
        cmocka_unit_test(test_strange_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
