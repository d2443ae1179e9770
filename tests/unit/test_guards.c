/* Whose requests a worker drops or sheds in a flood and in overload, and whose never. */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/office.h"

#define STRANGER "192.0.2.66"
#define ANNAS    "192.0.2.40" /* her phone */

struct desk {
    struct office office;
    unsigned answers, branch;
    uint16_t port;   /* that requests come from */
    unsigned status; /* of the last one */
    uint64_t retry_after;
};

static void on_sent(void *arg, const struct sip_flow *to, struct view bytes)
{
    static struct sip_message m;
    struct desk *d = arg;
    struct view key = VIEW("Retry-After: "), rest;

    (void)to;
    assert_int_equal(sip_message_parse(&m, bytes), OK);
    d->answers++;
    d->status = m.status;
    d->retry_after = 0;
    rest = view_from(bytes, view_ifind(bytes, key));
    if (rest.n)
        assert_true(view_number(view_from(view_cut(&rest, '\r'), key.n), 100, &d->retry_after));
}

static int begin(void **state)
{
    struct desk *d = calloc(1, sizeof(*d));

    *state = d;
    d->port = 5060;
    return office_open(&d->office, on_sent, d) != OK || office_bind(&d->office) != OK;
}

static int end(void **state)
{
    struct desk *d = *state;

    office_close(&d->office);
    free(d);
    return 0;
}

/* Sends a request without credentials in ANNA's name; its answer, 0 for none. */
static unsigned ask(struct desk *d, const char *host, const char *method, const char *uri,
                    const char *call_id)
{
    char bytes[1024];
    int n = snprintf(bytes, sizeof(bytes),
                     "%s %s SIP/2.0\r\n"
                     "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bKg%u\r\n"
                     "Max-Forwards: 70\r\n"
                     "From: <sip:" ANNA "@" OFFICE_DOMAIN ">;tag=a\r\n"
                     "To: <sip:" ANNA "@" OFFICE_DOMAIN ">\r\n"
                     "Call-ID: %s\r\n"
                     "CSeq: 1 %s\r\n"
                     "Content-Length: 0\r\n\r\n",
                     method, uri, host, d->branch++, call_id, method);

    d->status = 0;
    office_receive(&d->office, host, d->port, (struct view){bytes, (size_t)n});
    return d->status;
}

static unsigned ask_register(struct desk *d, const char *host, const char *call_id)
{
    return ask(d, host, "REGISTER", "sip:" OFFICE_DOMAIN, call_id);
}

static unsigned ask_invite(struct desk *d, const char *host, const char *number)
{
    char uri[64];

    (void)snprintf(uri, sizeof(uri), "sip:%s@" OFFICE_DOMAIN, number);
    return ask(d, host, "INVITE", uri, "call");
}

static unsigned flood(struct desk *d, const char *host)
{
    unsigned before = d->answers;

    for (int i = 0; i < 2000; i++)
        (void)ask_register(d, host, "flood");
    return d->answers - before;
}

static void a_flood_is_dropped(void **state)
{
    struct desk *d = *state;

    assert_int_equal(flood(d, STRANGER), 750);
    assert_int_equal(d->office.worker.counters.rate_limited, 1250);
    assert_int_equal(ask_invite(d, STRANGER, BERT), 0);
    assert_int_equal(ask_register(d, ANNAS, "other"), 401); /* nobody else suffers */
    clock_advance(1000);
    assert_int_equal(ask_register(d, STRANGER, "flood"), 401);
}

static void a_malformed_flood_is_dropped(void **state)
{
    struct desk *d = *state;
    unsigned answers = 0;

    for (int i = 0; i < 2000; i++)
        answers += ask(d, STRANGER, "OPTIONS", "sip:a@b@c", "bad") == 400;
    assert_int_equal(answers, 750);
}

static void registered_phones_go_on_in_a_flood_from_their_address(void **state)
{
    struct desk *d = *state;

    d->port = 6060; /* somebody beside her phone */
    assert_true(flood(d, ANNAS) < 800);
    assert_int_equal(ask_register(d, ANNAS, "other"), 0);
    assert_int_equal(ask_register(d, ANNAS, "binding"), 401); /* the Call-ID of her phone */
    assert_int_equal(ask_invite(d, ANNAS, BERT), 503);
    assert_in_range(d->retry_after, 2, 10);
    assert_int_equal(ask_invite(d, ANNAS, "112"), 407);
    assert_int_equal(ask_invite(d, ANNAS, "911"), 407);
    d->port = 5060;
    assert_int_equal(ask_invite(d, ANNAS, BERT), 407);
}

static void overload_sheds_calls_then_registrations(void **state)
{
    struct desk *d = *state;
    bool spread[11] = {false};
    unsigned different = 0;

    d->office.worker.overload.state = OVERLOAD_CALLS;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ask_invite(d, ANNAS, BERT), 503);
        assert_in_range(d->retry_after, 2, 10);
        different += !spread[d->retry_after];
        spread[d->retry_after] = true;
    }
    assert_true(different > 3);
    assert_int_equal(d->office.worker.counters.shed, 100);
    assert_int_equal(ask_register(d, STRANGER, "other"), 401);
    d->office.worker.overload.state = OVERLOAD_REGISTERS;
    assert_int_equal(ask_register(d, STRANGER, "other"), 503);
    assert_int_equal(ask_register(d, ANNAS, "binding"), 401);
    assert_int_equal(ask_invite(d, ANNAS, BERT), 503);
}

static void emergency_calls_are_never_shed(void **state)
{
    struct desk *d = *state;

    d->office.worker.overload.state = OVERLOAD_REGISTERS;
    assert_int_equal(ask_invite(d, ANNAS, "112"), 407);
    assert_int_equal(ask_invite(d, ANNAS, "9-1-1"), 407);
    assert_int_equal(ask_invite(d, ANNAS, "1120"), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flood_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(a_malformed_flood_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(registered_phones_go_on_in_a_flood_from_their_address,
                                        begin, end),
        cmocka_unit_test_setup_teardown(overload_sheds_calls_then_registrations, begin, end),
        cmocka_unit_test_setup_teardown(emergency_calls_are_never_shed, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
