/* Unit tests of sip/reply.c: what an answer says and where it goes. */
#include "sip/reply.h"
#include "tests/unit/check.h"

#define HEAD                                                                                       \
    "From: <sip:a@example.test>;tag=f1\r\nTo: <sip:b@example.test>\r\nCall-ID: c1\r\n"             \
    "CSeq: 7 OPTIONS\r\n"

static struct sip_flow source_of(uint8_t transport, const char *host, uint16_t port)
{
    struct sip_flow f = {.transport = transport, .port = port, .listener = 2};

    assert_true(flow_set_address(&f, view_of(host)));
    return f;
}

/* The Via of `via` as it stands in an answer to somebody at `from`, and the answer's port. */
static void assert_via(const char *via, struct sip_flow from, const char *want, uint16_t port)
{
    char request[512], bytes[1024], line[512];
    struct text in = TEXT(request), out = TEXT(bytes), wanted = TEXT(line);
    struct reply reply = {.status = 200};
    struct sip_message m;
    struct sip_flow to;

    text_string(&in, "OPTIONS sip:b@example.test SIP/2.0\r\nVia: ");
    text_string(&in, via);
    text_string(&in, "\r\n" HEAD "\r\n");
    assert_int_equal(sip_message_parse(&m, text_done(&in)), OK);
    reply_write(&out, &m, &from, &reply);
    text_string(&wanted, "\r\nVia: ");
    text_string(&wanted, want);
    text_string(&wanted, "\r\nFrom: ");
    if (view_ifind(text_done(&out), text_done(&wanted)) == out.n)
        fail_msg("%s gave %.*s", via, VIEW_ARG(text_done(&out)));
    to = reply_flow(&m, &from);
    assert_row(via, to.port == port);
    assert_true(flow_same_address(&to, &from));
    assert_int_equal(to.listener, from.listener);
}

static void answers_find_back(void **state)
{
    struct sip_flow direct = source_of(FLOW_UDP, "192.0.2.40", 5060);
    struct sip_flow nat = source_of(FLOW_UDP, "198.51.100.7", 33333);
    struct sip_flow six = source_of(FLOW_UDP, "2001:db8::7", 33333);
    struct sip_flow stream = source_of(FLOW_TCP, "198.51.100.7", 33333);

    (void)state;
    /* 18.2.1, 18.2.2: received= when the address differs; the port is that of the Via */
    assert_via("SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK1", direct,
               "SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK1", 5060);
    assert_via("SIP/2.0/UDP 192.0.2.40:5070;branch=z9hG4bK1", nat,
               "SIP/2.0/UDP 192.0.2.40:5070;branch=z9hG4bK1;received=198.51.100.7", 5070);
    assert_via("SIP/2.0/UDP phone.example.test;branch=z9hG4bK1", direct,
               "SIP/2.0/UDP phone.example.test;branch=z9hG4bK1;received=192.0.2.40", 5060);
    /* RFC 3581 4: rport is filled in, received always with it, and the answer goes there */
    assert_via("SIP/2.0/UDP 192.0.2.40:5070;rport;branch=z9hG4bK1", nat,
               "SIP/2.0/UDP 192.0.2.40:5070;rport=33333;branch=z9hG4bK1;received=198.51.100.7",
               33333);
    assert_via("SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK1;rport", direct,
               "SIP/2.0/UDP 192.0.2.40:5060;branch=z9hG4bK1;rport=5060;received=192.0.2.40", 5060);
    assert_via("SIP/2.0/UDP 192.0.2.40;rport=;branch=z9hG4bK1", nat,
               "SIP/2.0/UDP 192.0.2.40;rport=33333;branch=z9hG4bK1;received=198.51.100.7", 33333);
    assert_via("SIP/2.0/UDP [2001:db8::40];rport", six,
               "SIP/2.0/UDP [2001:db8::40];rport=33333;received=2001:db8::7", 33333);
    assert_via("SIP/2.0/UDP [2001:db8::7]:5061", six, "SIP/2.0/UDP [2001:db8::7]:5061", 5061);
    /* a received= of the sender's own is not believed */
    assert_via("SIP/2.0/UDP 192.0.2.40;received=203.0.113.1;branch=z9hG4bK1", nat,
               "SIP/2.0/UDP 192.0.2.40;received=198.51.100.7;branch=z9hG4bK1", 5060);
    assert_via("SIP/2.0/UDP 192.0.2.40;received;branch=z9hG4bK1", nat,
               "SIP/2.0/UDP 192.0.2.40;received=198.51.100.7;branch=z9hG4bK1", 5060);
    /* a stream is answered on itself */
    assert_via("SIP/2.0/TCP 192.0.2.40:5070;branch=z9hG4bK1", stream,
               "SIP/2.0/TCP 192.0.2.40:5070;branch=z9hG4bK1;received=198.51.100.7", 33333);
}

static void every_via_is_repeated_in_order(void **state)
{
    struct sip_flow from = source_of(FLOW_UDP, "192.0.2.9", 5060);
    struct reply reply = {.status = 404, .to_tag = VIEW("t9"), .headers = VIEW("X-A: 1\r\n")};
    struct sip_message m;
    char bytes[1024];
    struct text out = TEXT(bytes);

    (void)state;
    assert_int_equal(sip_message_parse(&m, VIEW("OPTIONS sip:b@example.test SIP/2.0\r\n"
                                                "v: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1 , "
                                                "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0\r\n" HEAD
                                                "VIA: SIP/2.0/TLS last.example.test\r\n"
                                                "Timestamp: 54\r\n\r\n")),
                     OK);
    reply_write(&out, &m, &from, &reply);
    assert_view(text_done(&out), "SIP/2.0 404 Not Found\r\n"
                                 "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1 , "
                                 "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK0\r\n"
                                 "Via: SIP/2.0/TLS last.example.test\r\n"
                                 "From: <sip:a@example.test>;tag=f1\r\n"
                                 "To: <sip:b@example.test>;tag=t9\r\n"
                                 "Call-ID: c1\r\n"
                                 "CSeq: 7 OPTIONS\r\n"
                                 "X-A: 1\r\n"
                                 "Content-Length: 0\r\n\r\n");
}

static void a_hundred_repeats_the_timestamp(void **state)
{
    struct sip_flow from = source_of(FLOW_UDP, "192.0.2.9", 5060);
    struct reply reply = {.status = 100};
    struct sip_message m;
    char bytes[1024];
    struct text out = TEXT(bytes);

    (void)state;
    assert_int_equal(
        sip_message_parse(&m, VIEW("INVITE sip:b@example.test SIP/2.0\r\n"
                                   "Via: SIP/2.0/UDP 192.0.2.9\r\n"
                                   "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=here\r\n"
                                   "Call-ID: c1\r\nCSeq: 1 INVITE\r\n"
                                   "Timestamp: 54\r\n\r\n")),
        OK);
    reply.to_tag = VIEW("other");
    reply_write(&out, &m, &from, &reply);
    assert_view(text_done(&out), "SIP/2.0 100 Trying\r\n"
                                 "Via: SIP/2.0/UDP 192.0.2.9\r\n"
                                 "From: <sip:a@b>;tag=1\r\n"
                                 "To: <sip:b@c>;tag=here\r\n"
                                 "Call-ID: c1\r\nCSeq: 1 INVITE\r\nTimestamp: 54\r\n"
                                 "Content-Length: 0\r\n\r\n");
}

static void a_broken_request_gets_what_is_there(void **state)
{
    struct sip_flow from = source_of(FLOW_UDP, "192.0.2.95", 5060);
    struct reply reply = {.status = 400, .reason = "Missing To", .to_tag = VIEW("t")};
    struct sip_message m;
    char bytes[1024];
    struct text out = TEXT(bytes);

    (void)state;
    assert_int_equal(sip_message_parse(&m, VIEW("INVITE sip:b@c SIP/2.0\r\n"
                                                "Via: SIP/2.0/UDP 192.0.2.95\r\n"
                                                "From: ,\r\nCSeq: 9 INVITE\r\n\r\n")),
                     OK);
    assert_int_equal(m.fault, 400);
    reply_write(&out, &m, &from, &reply);
    assert_view(text_done(&out), "SIP/2.0 400 Missing To\r\nVia: SIP/2.0/UDP 192.0.2.95\r\n"
                                 "From: ,\r\nCSeq: 9 INVITE\r\nContent-Length: 0\r\n\r\n");
}

static void phrases_exist_for_all(void **state)
{
    (void)state;
    assert_string_equal(reply_phrase(487), "Request Terminated");
    for (unsigned status = 100; status < 700; status++)
        assert_true(strlen(reply_phrase(status)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_find_back),
        cmocka_unit_test(every_via_is_repeated_in_order),
        cmocka_unit_test(a_hundred_repeats_the_timestamp),
        cmocka_unit_test(a_broken_request_gets_what_is_there),
        cmocka_unit_test(phrases_exist_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
