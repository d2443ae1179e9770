/* Unit tests of media/sdp.c and its helpers: what a session description says. */
#include "media/sdp.h"
#include "tests/unit/check.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
#define BARE "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nt=0 0\r\n"

static struct sdp sdp;

static enum error parse(const char *text)
{
    const char *problem = NULL;
    enum error e = sdp_parse(&sdp, view_of(text), &problem);

    if (e == OK)
        return OK;
    assert_non_null(problem);
    assert_true(problem[0] && !strpbrk(problem, "\"\\\r\n"));
    return e;
}

/* The only stream of a text that has to be valid. */
static const struct sdp_stream *only(const char *text)
{
    assert_row(text, parse(text) == OK);
    assert_row(text, sdp.count == 1);
    return &sdp.streams[0];
}

static void assert_address(const struct media_address *a, const char *host, unsigned port)
{
    char buffer[64];
    struct text out = TEXT(buffer);

    media_address_text(a, &out);
    assert_view(text_done(&out), host);
    assert_int_equal(a->port, port);
}

static void an_offer_of_a_7960_is_read(void **state)
{
    const struct sdp_stream *m = only("v=0\r\n"
                                      "o=CiscoSystemsSIP-IPPhone-UserAgent 12748 16809 IN IP4 "
                                      "192.0.2.40\r\n"
                                      "s=SIP Call\r\n"
                                      "c=IN IP4 192.0.2.40\r\n"
                                      "t=0 0\r\n"
                                      "m=audio 26640 RTP/AVP 0 8 18 101\r\n"
                                      "a=rtpmap:0 pcmu/8000\r\n"
                                      "a=rtpmap:101 telephone-event/8000\r\n"
                                      "a=fmtp:101 0-11\r\n");

    (void)state;
    assert_int_equal(m->transport, SDP_RTP);
    assert_true(m->audio);
    assert_address(&m->rtp, "192.0.2.40", 26640);
    assert_address(&m->rtcp, "192.0.2.40", 26641);
    assert_false(m->held || m->mux || m->secure_datagrams);
    assert_int_equal(m->directions, SDP_SENDS | SDP_RECEIVES);
    assert_int_equal(m->format_count, 4);
    assert_string_equal(m->formats[0].name, "PCMU");
    assert_string_equal(m->formats[1].name, "PCMA");
    assert_string_equal(m->formats[2].name, "G729");
    assert_string_equal(m->formats[3].name, "TELEPHONE-EVENT");
    assert_int_equal(m->formats[3].clock, 8000);
}

static void a_7960_without_session_address_is_read(void **state)
{
    const struct sdp_stream *m = only("v=0\r\no=Cisco-SIPUA 8861 2 IN IP4 192.0.2.41\r\n"
                                      "s=SIP Call\r\nt=0 0\r\n"
                                      "m=audio 16412 RTP/AVP 0 8 18 101\r\n"
                                      "c=IN IP4 192.0.2.41\r\n"
                                      "a=fmtp:18 annexb=no\r\n"
                                      "a=sendonly\r\n");

    (void)state;
    assert_address(&m->rtp, "192.0.2.41", 16412);
    assert_int_equal(m->directions, SDP_SENDS);
    assert_false(m->held);
}

static void an_empty_line_behind_it_is_tolerated(void **state)
{
    (void)state;
    only("v=0\r\no=Cisco-SIPUA (null) (null) IN IP4 192.0.2.40\r\ns=SIP Call\r\n"
         "c=IN IP4 192.0.2.40\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\r\n");
    only(HEAD "m=audio 1 RTP/AVP 0\r\n\n\r\n\n");
}

static void hold_is_known_by_its_address(void **state)
{
    const struct sdp_stream *m;

    (void)state;
    m = only("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 16412 RTP/AVP 0\r\n");
    assert_true(m->held);
    assert_address(&m->rtp, "0.0.0.0", 16412);
    assert_true(only("v=0\r\nc=IN IP6 ::\r\nm=audio 16412 RTP/AVP 0\r\n")->held);
    m = only(HEAD "m=audio 16412 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
    assert_true(m->held);
    assert_false(
        only("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n")->held);
}

static void a_host_name_is_no_address(void **state)
{
    const struct sdp_stream *m =
        only("v=0\r\nc=IN IP4 phone-1.example.test\r\nm=audio 5004 RTP/AVP 0\r\n");

    (void)state;
    assert_int_equal(m->rtp.family, 0);
    assert_int_equal(m->rtp.port, 5004);
    assert_int_equal(m->rtcp.family, 0);
    assert_int_equal(m->rtcp.port, 5005);
    assert_false(m->held);
}

static void transports_are_told_apart(void **state)
{
    static const struct {
        const char *proto;
        enum sdp_transport transport;
        bool secure;
    } rows[] = {
        {"RTP/AVP", SDP_RTP, false},
        {"rtp/avp", SDP_RTP, false},
        {"RTP/SAVP", SDP_RTP, false},
        {"RTP/AVPF", SDP_RTP, false},
        {"RTP/SAVPF", SDP_RTP, false},
        {"UDP/TLS/RTP/SAVP", SDP_RTP, true},
        {"UDP/TLS/RTP/SAVPF", SDP_RTP, true},
        {"udptl", SDP_UDP, false},
        {"UDPTL", SDP_UDP, false},
        {"udp", SDP_UDP, false},
        {"UDP/BFCP", SDP_UDP, false},
        {"UDP/TLS/UDPTL", SDP_UDP, true},
        {"DTLS/SCTP", SDP_UDP, true},
        {"UDP/DTLS/SCTP", SDP_UDP, true},
        {"TCP/RTP/AVP", SDP_OTHER, false},
        {"TCP/TLS/RTP/SAVP", SDP_OTHER, false},
        {"TCP/DTLS/RTP/SAVPF", SDP_OTHER, false},
        {"RTP/AVP/TCP", SDP_OTHER, false},
        {"DCCP/RTP/AVP", SDP_OTHER, false},
        {"TCP/MSRP", SDP_OTHER, false},
        {"TCP", SDP_OTHER, false},
        {"vat", SDP_OTHER, false},
        {"XRTP/AVP", SDP_OTHER, false},
        {"/", SDP_OTHER, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[256];
        struct text text = TEXT(buffer);

        text_format(&text, HEAD "m=audio 5004 %s 0\r\n", rows[i].proto);
        assert_int_equal(sdp_parse(&sdp, text_done(&text), &(const char *){NULL}), OK);
        assert_row(rows[i].proto, sdp.streams[0].transport == rows[i].transport);
        assert_row(rows[i].proto, sdp.streams[0].secure_datagrams == rows[i].secure);
        assert_row(rows[i].proto,
                   sdp.streams[0].format_count == (rows[i].transport == SDP_RTP ? 1 : 0));
    }
}

static void directions_of_the_media_go_before_the_sessions(void **state)
{
    (void)state;
    assert_int_equal(only(HEAD "a=sendonly\r\nm=audio 1 RTP/AVP 0\r\n")->directions, SDP_SENDS);
    assert_int_equal(only(HEAD "a=sendonly\r\nm=audio 1 RTP/AVP 0\r\na=recvonly\r\n")->directions,
                     SDP_RECEIVES);
    assert_int_equal(only(HEAD "a=inactive\r\nm=audio 1 RTP/AVP 0\r\na=sendrecv\r\n")->directions,
                     SDP_SENDS | SDP_RECEIVES);
    assert_int_equal(only(HEAD "m=audio 1 RTP/AVP 0\r\na=inactive\r\n")->directions, 0);
    assert_int_equal(parse(HEAD "m=audio 1 RTP/AVP 0\r\na=inactive\r\nm=audio 3 RTP/AVP 0\r\n"),
                     OK);
    assert_int_equal(sdp.streams[1].directions, SDP_SENDS | SDP_RECEIVES);
}

static void rtcp_is_where_a_rtcp_says(void **state)
{
    const struct sdp_stream *m;

    (void)state;
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:53020\r\n");
    assert_address(&m->rtcp, "192.0.2.10", 53020);
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:53020 IN IP4 192.0.2.77\r\n");
    assert_address(&m->rtcp, "192.0.2.77", 53020);
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:53020 IN IP6 2001:db8::7\r\n");
    assert_address(&m->rtcp, "2001:db8::7", 53020);
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:53020 IN IP4 phone.example\r\n");
    assert_address(&m->rtcp, "", 53020);
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:53020\r\nc=IN IP4 192.0.2.9\r\n");
    assert_address(&m->rtcp, "192.0.2.9", 53020);
    m = only(HEAD "m=audio 5004 RTP/AVP 0\r\na=rtcp:5004\r\na=rtcp-mux\r\n");
    assert_address(&m->rtcp, "192.0.2.10", 5004);
    assert_true(m->mux);
    m = only(HEAD "m=audio 65535 RTP/AVP 0\r\n");
    assert_int_equal(m->rtcp.port, 0);
}

static void rtcp_is_of_rtp_only(void **state)
{
    const struct sdp_stream *m = only(HEAD "m=image 5004 udptl t38\r\na=rtcp:nonsense\r\n");

    (void)state;
    assert_address(&m->rtcp, "", 0);
    assert_address(&m->rtp, "192.0.2.10", 5004);
    assert_false(m->audio);
}

static void a_rejected_stream_needs_no_address(void **state)
{
    const struct sdp_stream *m = only(BARE "m=audio 0 RTP/AVP 0\r\n");

    (void)state;
    assert_int_equal(m->rtp.port, 0);
    assert_int_equal(m->rtcp.port, 0);
    only(BARE "m=audio 0/2 RTP/AVP 0\r\n");
    only(BARE "m=message 9 TCP/MSRP *\r\n");
}

static void formats_come_from_rtpmap_or_the_table(void **state)
{
    const struct sdp_stream *m = only(HEAD "m=audio 5004 RTP/AVP 3 9 13 96 97 98 99 0\r\n"
                                           "a=rtpmap:96 opus/48000/2\r\n"
                                           "a=rtpmap:97 a-name-of-17-byte/16000\r\n"
                                           "a=rtpmap:98 broken\r\n"
                                           "a=rtpmap:0 L16/16000\r\n"
                                           "a=rtpmap:127 other/1\r\n"
                                           "a=rtpmap:x\r\n"
                                           "a=rtpmap\r\n");
    static const struct sdp_format want[] = {
        {3, 8000, "GSM"}, {9, 8000, "G722"}, {13, 8000, "CN"}, {96, 48000, "OPUS"},
        {97, 16000, ""},  {98, 0, ""},       {99, 0, ""},      {0, 16000, "L16"},
    };

    (void)state;
    assert_int_equal(m->format_count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(m->formats[i].type, want[i].type);
        assert_int_equal(m->formats[i].clock, want[i].clock);
        assert_string_equal(m->formats[i].name, want[i].name);
    }
}

static void formats_over_the_limit_are_ignored(void **state)
{
    const struct sdp_stream *m =
        only(HEAD "m=audio 5004 RTP/AVP 96 x 128 97 98 99 100 101 102 103 104 105 106 107 108 109 "
                  "110 111 112 113\r\na=rtpmap:113 a/1\r\n");

    (void)state;
    assert_int_equal(m->format_count, SDP_FORMATS_MAX);
    assert_int_equal(m->formats[1].type, 97);
    assert_int_equal(m->formats[15].type, 111);
}

static void line_ends_may_be_bare(void **state)
{
    const struct sdp_stream *m =
        only("v=0\nc=IN IP4 192.0.2.1\nm=audio 5004 RTP/AVP 0\na=sendonly");

    (void)state;
    assert_address(&m->rtp, "192.0.2.1", 5004);
    assert_int_equal(m->directions, SDP_SENDS);
}

static void blanks_are_tolerated_between_words(void **state)
{
    const struct sdp_stream *m =
        only("v=0\r\nc=in  ip4\t192.0.2.1 \r\nm=audio  5004 RTP/AVP  0 8 \r\na=sendonly \r\n");

    (void)state;
    assert_address(&m->rtp, "192.0.2.1", 5004);
    assert_int_equal(m->format_count, 2);
    assert_int_equal(m->directions, SDP_SENDS);
}

static void what_is_no_sdp_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum error error;
    } rows[] = {
        {"v=0", OK},
        {"v=0\r\n", OK},
        {"v=0\r\nX=unknown\r\n", OK},
        {"v=0\r\ns=\r\n", OK},
        {"", ERR_SYNTAX},
        {"\r\n", ERR_SYNTAX},
        {"\n\n\n", ERR_SYNTAX},
        {"v=1\r\n", ERR_SYNTAX},
        {"v=0 \r\n", ERR_SYNTAX},
        {"V=0\r\n", ERR_SYNTAX},
        {"\r\nv=0\r\n", ERR_SYNTAX},
        {"o=- 1 1 IN IP4 192.0.2.1\r\nv=0\r\n", ERR_SYNTAX},
        {"v=0\r\n\r\ns=-\r\n", ERR_SYNTAX},
        {"v=0\r\nnonsense\r\n", ERR_SYNTAX},
        {"v=0\r\n=x\r\n", ERR_SYNTAX},
        {"v=0\r\n1=x\r\n", ERR_SYNTAX},
        {"v=0\r\n s=-\r\n", ERR_SYNTAX},
        {"v=0\r\ns\r\n", ERR_SYNTAX},
        {"v=0\r\ns=a\rb\r\n", ERR_SYNTAX},
        {"v=0\rm=audio 1 RTP/AVP 0\r", ERR_SYNTAX},
        {"v=0\r\ns=-\r\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n", ERR_SYNTAX},
        {HEAD "m=\r\n", ERR_SYNTAX},
        {HEAD "m=audio\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP \r\n", ERR_SYNTAX},
        {HEAD "m=audio x RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio -1 RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio 65536 RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio 65535 RTP/AVP 0\r\n", OK},
        {HEAD "m=audio 1/ RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1/0 RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1/x RTP/AVP 0\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1/1 RTP/AVP 0\r\n", OK},
        {HEAD "m=audio 5000/2 RTP/AVP 0\r\n", ERR_LIMIT},
        {HEAD "m=audio 5000/2 TCP/RTP/AVP 0\r\n", OK},
        {BARE "m=audio 1 RTP/AVP 0\r\n", ERR_SYNTAX},
        {BARE "m=image 1 udptl t38\r\n", ERR_SYNTAX},
        {BARE "m=audio 1 RTP/AVP 0\r\nm=audio 3 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", ERR_SYNTAX},
        {"v=0\r\nc=\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP5 192.0.2.1\r\n", ERR_SYNTAX},
        {"v=0\r\nc=ATM NSAP 47.0091\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4 192.0.2.1 x\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4 2001:db8::1\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP6 192.0.2.1\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP6 ::ffff:192.0.2.1\r\n", OK},
        {"v=0\r\nc=IN IP4 192.0.2.999\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4 a$b\r\n", ERR_SYNTAX},
        {"v=0\r\nc=IN IP4 224.2.1.1/127\r\n", ERR_LIMIT},
        {"v=0\r\nc=IN IP4 192.0.2.1/127\r\n", ERR_LIMIT},
        {"v=0\r\nc=IN IP4 224.2.1.1\r\n", ERR_LIMIT},
        {"v=0\r\nc=IN IP4 255.255.255.255\r\n", ERR_LIMIT},
        {"v=0\r\nc=IN IP6 ff02::1\r\n", ERR_LIMIT},
        {"v=0\r\nc=IN IP6 ::ffff:224.0.0.1\r\n", ERR_LIMIT},
        {HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp:\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp:65536\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp:5 IN IP4\r\n", ERR_SYNTAX},
        {HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp:5 IN IP4 224.0.0.1\r\n", ERR_LIMIT},
        {HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp-fb:5\r\n", OK},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i].text, parse(rows[i].text) == rows[i].error);
}

static void nul_is_refused_anywhere(void **state)
{
    const char *problem;

    (void)state;
    assert_int_equal(sdp_parse(&sdp, VIEW("v=0\r\ns=a\0b\r\n"), &problem), ERR_SYNTAX);
    assert_int_equal(sdp_parse(&sdp, VIEW("v=0\r\n\0"), &problem), ERR_SYNTAX);
    assert_int_equal(sdp_parse(&sdp, VIEW_NONE, &problem), ERR_SYNTAX);
}

static void limits_are_kept(void **state)
{
    static char big[SDP_SIZE_MAX + 1];
    const char *problem;
    char buffer[1024];
    struct text text = TEXT(buffer);

    (void)state;
    memset(big, 'x', sizeof(big));
    memcpy(big, "v=0\r\ns=", 7);
    assert_int_equal(sdp_parse(&sdp, (struct view){big, SDP_SIZE_MAX}, &problem), OK);
    assert_int_equal(sdp_parse(&sdp, (struct view){big, SDP_SIZE_MAX + 1}, &problem), ERR_LIMIT);
    text_string(&text, HEAD);
    for (unsigned i = 0; i < SDP_STREAMS_MAX; i++)
        text_string(&text, "m=audio 0 RTP/AVP 0\r\n");
    assert_int_equal(sdp_parse(&sdp, text_done(&text), &problem), OK);
    assert_int_equal(sdp.count, SDP_STREAMS_MAX);
    text_string(&text, "m=audio 0 RTP/AVP 0\r\n");
    assert_int_equal(sdp_parse(&sdp, text_done(&text), &problem), ERR_LIMIT);
    assert_string_equal(problem, "too many streams");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_of_a_7960_is_read),
        cmocka_unit_test(a_7960_without_session_address_is_read),
        cmocka_unit_test(an_empty_line_behind_it_is_tolerated),
        cmocka_unit_test(hold_is_known_by_its_address),
        cmocka_unit_test(a_host_name_is_no_address),
        cmocka_unit_test(transports_are_told_apart),
        cmocka_unit_test(directions_of_the_media_go_before_the_sessions),
        cmocka_unit_test(rtcp_is_where_a_rtcp_says),
        cmocka_unit_test(rtcp_is_of_rtp_only),
        cmocka_unit_test(a_rejected_stream_needs_no_address),
        cmocka_unit_test(formats_come_from_rtpmap_or_the_table),
        cmocka_unit_test(formats_over_the_limit_are_ignored),
        cmocka_unit_test(line_ends_may_be_bare),
        cmocka_unit_test(blanks_are_tolerated_between_words),
        cmocka_unit_test(what_is_no_sdp_is_refused),
        cmocka_unit_test(nul_is_refused_anywhere),
        cmocka_unit_test(limits_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
