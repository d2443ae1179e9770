/* Unit tests of media/sdp_write.c: descriptions whose streams have moved. */
#include "media/sdp.h"
#include "tests/unit/check.h"

#define OURS4 "203.0.113.5"
#define OURS6 "2001:db8::5"

static struct sdp sdp;

static struct sdp_place place(const char *host, uint16_t port)
{
    struct sdp_place p = {.rtp = {.port = port}, .rtcp_port = (uint16_t)(port + 1)};

    assert_true(media_address_parse(&p.rtp, view_of(host)));
    return p;
}

static void parse(const char *text)
{
    const char *problem = "";

    if (sdp_parse(&sdp, view_of(text), &problem) != OK)
        fail_msg("%s in \"%s\"", problem, text);
}

/* `from` with its streams at places becomes `to`. */
static void assert_moved(const char *from, const struct sdp_place *places, const char *to)
{
    static char buffer[SDP_SIZE_MAX];
    struct text out = TEXT(buffer);

    parse(from);
    assert_int_equal(sdp_write(&sdp, places, &out), OK);
    assert_view(text_done(&out), to);
}

/* Each stream at our address, the ports from 30000 in steps of 2. */
static void assert_moved_to(const char *host, const char *from, const char *to)
{
    struct sdp_place places[SDP_STREAMS_MAX];

    for (unsigned i = 0; i < SDP_STREAMS_MAX; i++)
        places[i] = place(host, (uint16_t)(30000 + 2 * i));
    assert_moved(from, places, to);
}

static void a_call_of_a_7960_moves(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\no=CiscoSystemsSIP-IPPhone-UserAgent 12748 16809 IN IP4 192.0.2.40\r\n"
                    "s=SIP Call\r\nc=IN IP4 192.0.2.40\r\nt=0 0\r\n"
                    "m=audio 26640 RTP/AVP 0 8 18 101\r\na=rtpmap:0 pcmu/8000\r\n"
                    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-11\r\n",
                    "v=0\r\no=CiscoSystemsSIP-IPPhone-UserAgent 12748 16809 IN IP4 192.0.2.40\r\n"
                    "s=SIP Call\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
                    "m=audio 30000 RTP/AVP 0 8 18 101\r\na=rtpmap:0 pcmu/8000\r\n"
                    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-11\r\n");
}

static void the_address_of_a_stream_is_replaced_in_place(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\no=Cisco-SIPUA 8861 2 IN IP4 192.0.2.41\r\ns=SIP Call\r\nt=0 0\r\n"
                    "m=audio 16412 RTP/AVP 0 8 18 101\r\nc=IN IP4 192.0.2.41\r\n"
                    "a=rtpmap:0 PCMU/8000\r\na=sendonly\r\n",
                    "v=0\r\no=Cisco-SIPUA 8861 2 IN IP4 192.0.2.41\r\ns=SIP Call\r\nt=0 0\r\n"
                    "m=audio 30000 RTP/AVP 0 8 18 101\r\nc=IN IP4 203.0.113.5\r\n"
                    "a=rtpmap:0 PCMU/8000\r\na=sendonly\r\n");
}

static void without_places_nothing_changes(void **state)
{
    static const char *rows[] = {
        ("v=0\r\nc=IN IP4 192.0.2.1\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"
         "m=audio  5004/1\tRTP/AVP 0 \r\na=candidate:1\nQ=what\r\na=rtcp:1\r\nm=x 0 y z\n\r\n\n"),
        "v=0",
        "v=0\nm=audio 0 RTP/AVP 0",
    };
    struct sdp_place places[SDP_STREAMS_MAX] = {{.rtcp_port = 9}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_moved(rows[i], places, rows[i]);
}

static void hold_stays_hold(void **state)
{
    (void)state;
    assert_moved_to(OURS4, "v=0\r\nc=IN  IP4 0.0.0.0 \r\nm=audio 16412 RTP/AVP 0\r\n",
                    "v=0\r\nc=IN  IP4 0.0.0.0 \r\nm=audio 30000 RTP/AVP 0\r\n");
    assert_moved_to(OURS4, "v=0\r\nm=audio 16412 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
                    "v=0\r\nm=audio 30000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
    assert_moved_to(OURS6, "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 16412 RTP/AVP 0\r\n",
                    "v=0\r\nc=IN IP6 ::\r\nm=audio 30000 RTP/AVP 0\r\n");
    assert_moved_to(OURS4, "v=0\r\nm=audio 16412 RTP/AVP 0\r\nc=IN IP6 ::\r\n",
                    "v=0\r\nm=audio 30000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n");
}

static void one_stream_on_hold_leaves_the_other_alone(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
                    "m=video 5006 RTP/AVP 34\r\n",
                    "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
                    "m=video 30002 RTP/AVP 34\r\n");
}

static void families_change(void **state)
{
    (void)state;
    assert_moved_to(OURS6, "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\n",
                    "v=0\r\nc=IN IP6 2001:db8::5\r\nm=audio 30000 RTP/AVP 0\r\n");
    assert_moved_to(OURS4, "v=0\r\nm=audio 5004 RTP/AVP 0\r\nc=IN IP6 2001:db8::77\r\n",
                    "v=0\r\nm=audio 30000 RTP/AVP 0\r\nc=IN IP4 203.0.113.5\r\n");
}

static void the_origin_follows_into_another_family(void **state)
{
    (void)state;
    assert_moved_to(OURS6,
                    "v=0\no=- 1 2 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nm=audio 5004 RTP/AVP 0\n",
                    "v=0\no=- 1 2 IN IP6 2001:db8::5\nc=IN IP6 2001:db8::5\n"
                    "m=audio 30000 RTP/AVP 0\n");
    assert_moved_to(OURS4,
                    "v=0\no=-  1 2 IN IP6 ::1\nm=audio 5004 RTP/AVP 0\nc=IN IP6 2001:db8::77\n",
                    "v=0\no=-  1 2 IN IP4 203.0.113.5\nm=audio 30000 RTP/AVP 0\n"
                    "c=IN IP4 203.0.113.5\n");
    assert_moved_to(OURS6, "v=0\no=- 1 2\nc=IN IP4 192.0.2.1\nm=audio 5004 RTP/AVP 0\n",
                    "v=0\no=- 1 2\nc=IN IP6 2001:db8::5\nm=audio 30000 RTP/AVP 0\n");
    assert_moved_to(OURS6,
                    "v=0\no=- 1 2 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\n",
                    "v=0\no=- 1 2 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\n");
}

static void a_host_name_is_replaced(void **state)
{
    (void)state;
    assert_moved_to(OURS4, "v=0\r\nc=IN IP4 phone.example\r\nm=audio 5004 RTP/AVP 0\r\n",
                    "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/AVP 0\r\n");
}

static void streams_at_places_of_two_families_part(void **state)
{
    struct sdp_place places[] = {place(OURS4, 30000), place(OURS6, 30002), place(OURS4, 30004)};

    (void)state;
    assert_moved("v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
                 "m=video 5006 RTP/AVP 34\r\ni=picture\r\nb=AS:64\r\nm=audio 5008 RTP/AVP 8\r\n",
                 places,
                 "v=0\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
                 "m=video 30002 RTP/AVP 34\r\ni=picture\r\nc=IN IP6 2001:db8::5\r\nb=AS:64\r\n"
                 "m=audio 30004 RTP/AVP 8\r\n");
}

static void a_stream_that_stays_keeps_its_address(void **state)
{
    struct sdp_place places[] = {place(OURS4, 30000), {.rtcp_port = 0}, place(OURS4, 30004)};

    (void)state;
    assert_moved(
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\nm=video 5006 RTP/AVP 34\r\n"
        "a=candidate:1\r\nm=message 9 TCP/MSRP *\r\n",
        places,
        "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/AVP 0\r\n"
        "m=video 5006 RTP/AVP 34\r\nc=IN IP4 192.0.2.1\r\na=candidate:1\r\n"
        "m=message 9 TCP/MSRP *\r\nc=IN IP4 192.0.2.1\r\n");
}

static void a_stream_over_tcp_with_its_own_address_stays(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\nc=IN IP4 192.0.2.1\nm=message 9 TCP/MSRP *\nc=IN IP4 192.0.2.2\n"
                    "m=audio 5004 RTP/AVP 0\n",
                    "v=0\nc=IN IP4 203.0.113.5\nm=message 9 TCP/MSRP *\nc=IN IP4 192.0.2.2\n"
                    "m=audio 30002 RTP/AVP 0\n");
}

static void the_sessions_address_stays_when_nobody_relies_on_it(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\n"
                    "m=message 9 TCP/MSRP *\r\n",
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 30000 RTP/AVP 0\r\n"
                    "c=IN IP4 203.0.113.5\r\nm=message 9 TCP/MSRP *\r\n");
}

static void a_rejected_stream_is_not_touched(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nm=video 0 RTP/AVP 34\r\na=candidate:1\r\n"
                    "m=audio 5004 RTP/AVP 0\r\n",
                    "v=0\r\nc=IN IP4 203.0.113.5\r\nm=video 0 RTP/AVP 34\r\na=candidate:1\r\n"
                    "m=audio 30002 RTP/AVP 0\r\n");
}

static void video_with_its_own_address_moves(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"
                    "m=video 6000 RTP/AVP 99\r\ni=camera\r\nc=IN IP4 192.0.2.2\r\nb=TIAS:256000\r\n"
                    "a=rtpmap:99 H264/90000\r\na=rtcp:7001 IN IP4 192.0.2.3\r\n",
                    "v=0\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"
                    "m=video 30002 RTP/AVP 99\r\ni=camera\r\nc=IN IP4 203.0.113.5\r\n"
                    "b=TIAS:256000\r\na=rtpmap:99 H264/90000\r\na=rtcp:30003\r\n");
}

static void fax_moves(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\no=- 1 2 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n"
                    "m=audio 0 RTP/AVP 0\r\nm=image 4100 udptl t38\r\na=T38FaxVersion:0\r\n"
                    "a=T38MaxBitRate:14400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n",
                    "v=0\r\no=- 1 2 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n"
                    "m=audio 0 RTP/AVP 0\r\nm=image 30002 udptl t38\r\na=T38FaxVersion:0\r\n"
                    "a=T38MaxBitRate:14400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n");
}

static void fax_gets_no_rtcp(void **state)
{
    struct sdp_place p = place(OURS4, 30000);

    (void)state;
    p.rtcp_port = 0;
    assert_moved("v=0\r\nc=IN IP4 192.0.2.20\r\nm=image 4100 udptl t38\r\n", &p,
                 "v=0\r\nc=IN IP4 203.0.113.5\r\nm=image 30000 udptl t38\r\n");
}

static void a_browsers_offer_loses_ice_and_bundle(void **state)
{
    (void)state;
    assert_moved_to(
        OURS4,
        "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "a=group:BUNDLE 0 1\r\na=group:LS 0 1\r\na=ice-lite\r\na=ICE-options:trickle\r\n"
        "a=msid-semantic: WMS\r\nm=audio 54400 UDP/TLS/RTP/SAVPF 111 0\r\n"
        "c=IN IP4 192.0.2.50\r\na=rtcp:54401 IN IP4 192.0.2.50\r\n"
        "a=candidate:1 1 udp 2122260223 192.0.2.50 54400 typ host\r\na=ice-ufrag:EsAw\r\n"
        "a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y\r\na=ice-options:trickle\r\na=ice-pacing:50\r\n"
        "a=ice-mismatch\r\na=remote-candidates:1 192.0.2.9 1\r\na=Candidate:2 1 udp 1 h 9 typ "
        "host\r\n"
        "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n"
        "a=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=end-of-candidates\r\n"
        "m=video 54402 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 192.0.2.50\r\na=bundle-only\r\n"
        "a=mid:1\r\na=candidates-are-fine\r\n",
        "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "a=group:LS 0 1\r\n"
        "a=msid-semantic: WMS\r\nm=audio 30000 UDP/TLS/RTP/SAVPF 111 0\r\n"
        "c=IN IP4 203.0.113.5\r\na=rtcp:30001\r\n"
        "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n"
        "a=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n"
        "m=video 30002 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 203.0.113.5\r\n"
        "a=mid:1\r\na=candidates-are-fine\r\n");
}

static void crypto_passes(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/SAVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n",
                    "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/SAVP 0\r\n"
                    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n");
}

static void an_unusual_rtcp_port_is_told(void **state)
{
    struct sdp_place places[] = {place(OURS4, 30000), place(OURS4, 30002), place(OURS4, 30004)};

    (void)state;
    for (size_t i = 0; i < COUNT(places); i++)
        places[i].rtcp_port = (uint16_t)(40000 + i);
    assert_moved("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\na=ptime:20\r\n"
                 "m=video 5006 RTP/AVP 34\r\na=rtcp-mux\r\nm=audio 5008 RTP/AVP 8\r\n\r\n",
                 places,
                 "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/AVP 0\r\na=ptime:20\r\n"
                 "a=rtcp:40000\r\nm=video 30002 RTP/AVP 34\r\na=rtcp-mux\r\n"
                 "m=audio 30004 RTP/AVP 8\r\na=rtcp:40002\r\n\r\n");
}

static void lines_are_added_behind_a_missing_line_end(void **state)
{
    struct sdp_place places[] = {place(OURS4, 30000), place(OURS6, 30002)};

    (void)state;
    places[0].rtcp_port = places[1].rtcp_port = 40000;
    assert_moved("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\nm=video 5006 RTP/AVP 34",
                 places,
                 "v=0\r\nc=IN IP4 203.0.113.5\r\nm=audio 30000 RTP/AVP 0\na=rtcp:40000\n"
                 "m=video 30002 RTP/AVP 34\r\nc=IN IP6 2001:db8::5\r\na=rtcp:40000\r\n");
}

static void edits_of_a_last_line_leave_its_missing_end_missing(void **state)
{
    (void)state;
    assert_moved_to(OURS4, "v=0\nm=audio 5004 RTP/AVP 0\nc=IN IP4 192.0.2.1",
                    "v=0\nm=audio 30000 RTP/AVP 0\nc=IN IP4 203.0.113.5");
}

static void bare_line_ends_stay(void **state)
{
    (void)state;
    assert_moved_to(OURS4, "v=0\nc=IN IP4 192.0.2.1\r\nm=audio 5004/1 RTP/AVP 0\na=sendonly\n\n",
                    "v=0\nc=IN IP4 203.0.113.5\r\nm=audio 30000/1 RTP/AVP 0\na=sendonly\n\n");
}

static void only_whole_lines_count(void **state)
{
    (void)state;
    assert_moved_to(OURS4,
                    "v=0\r\ns=c=IN IP4 192.0.2.1 m=audio 1\r\nc=IN IP4 192.0.2.1\r\n"
                    "m=audio 5004 RTP/AVP 0\r\ni=a=candidate:c=IN IP4 192.0.2.1\r\n"
                    "a=x:a=rtcp:5004 5004\r\n",
                    "v=0\r\ns=c=IN IP4 192.0.2.1 m=audio 1\r\nc=IN IP4 203.0.113.5\r\n"
                    "m=audio 30000 RTP/AVP 0\r\ni=a=candidate:c=IN IP4 192.0.2.1\r\n"
                    "a=x:a=rtcp:5004 5004\r\n");
}

static void too_small_a_buffer_is_told(void **state)
{
    const char *from = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\n";
    struct sdp_place p = place(OURS6, 30000);
    char buffer[128];
    size_t enough;
    struct text out = TEXT(buffer);

    (void)state;
    parse(from);
    assert_int_equal(sdp_write(&sdp, &p, &out), OK);
    enough = out.n;
    for (size_t size = 0; size < enough; size++) {
        out = (struct text){.p = buffer, .size = size};
        assert_int_equal(sdp_write(&sdp, &p, &out), ERR_LIMIT);
    }
}

static void what_was_written_may_be_moved_again(void **state)
{
    static char buffer[256];
    struct sdp_place there = place(OURS6, 30000), back = place("192.0.2.1", 5004);
    const char *from = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 5004 RTP/AVP 0\r\na=ptime:20\r\n";
    struct text out = TEXT(buffer);

    (void)state;
    parse(from);
    assert_int_equal(sdp_write(&sdp, &there, &out), OK);
    text_view(&out, VIEW("\0"));
    assert_moved(buffer, &back, from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_of_a_7960_moves),
        cmocka_unit_test(the_address_of_a_stream_is_replaced_in_place),
        cmocka_unit_test(without_places_nothing_changes),
        cmocka_unit_test(hold_stays_hold),
        cmocka_unit_test(one_stream_on_hold_leaves_the_other_alone),
        cmocka_unit_test(families_change),
        cmocka_unit_test(the_origin_follows_into_another_family),
        cmocka_unit_test(a_host_name_is_replaced),
        cmocka_unit_test(streams_at_places_of_two_families_part),
        cmocka_unit_test(a_stream_that_stays_keeps_its_address),
        cmocka_unit_test(a_stream_over_tcp_with_its_own_address_stays),
        cmocka_unit_test(the_sessions_address_stays_when_nobody_relies_on_it),
        cmocka_unit_test(a_rejected_stream_is_not_touched),
        cmocka_unit_test(video_with_its_own_address_moves),
        cmocka_unit_test(fax_moves),
        cmocka_unit_test(fax_gets_no_rtcp),
        cmocka_unit_test(a_browsers_offer_loses_ice_and_bundle),
        cmocka_unit_test(crypto_passes),
        cmocka_unit_test(an_unusual_rtcp_port_is_told),
        cmocka_unit_test(lines_are_added_behind_a_missing_line_end),
        cmocka_unit_test(edits_of_a_last_line_leave_its_missing_end_missing),
        cmocka_unit_test(bare_line_ends_stay),
        cmocka_unit_test(only_whole_lines_count),
        cmocka_unit_test(too_small_a_buffer_is_told),
        cmocka_unit_test(what_was_written_may_be_moved_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
