/* Unit tests of media/learn.c: whose packets pass, and where those for a phone go. */
#include "media/learn.h"

#include "tests/unit/check.h"

#define PHONE    "192.0.2.10"   /* in the open */
#define NAT      "198.51.100.7" /* what the server sees of a phone behind it */
#define INSIDE   "10.0.0.2"     /* what that phone says of itself */
#define STRANGER "203.0.113.66"
#define PORT     5004

static struct learn l;
static uint64_t now; /* ms */

static struct media_address at(const char *host, uint16_t port)
{
    struct media_address a = {.port = port};

    if (host[0] && !media_address_parse(&a, view_of(host)))
        fail_msg("\"%s\" is no address", host);
    return a;
}

/* host "": a name. */
static void describe(const char *host, uint16_t port, const char *signal, bool trusted)
{
    struct media_address sdp = at(host, port), from = at(signal, 0);

    learn_describe(&l, &sdp, &from, trusted);
}

static void begin(const char *host, const char *signal)
{
    l = (struct learn){0};
    now = 1000000;
    describe(host, PORT, signal, false);
}

static bool packet(const char *host, uint16_t port, struct learn_packet p)
{
    struct media_address from = at(host, port);

    return learn_packet(&l, &from, &p, now);
}

static bool rtp(const char *host, uint16_t port, uint32_t ssrc, uint16_t sequence)
{
    return packet(host, port,
                  (struct learn_packet){.kind = LEARN_RTP, .ssrc = ssrc, .sequence = sequence});
}

static bool rtcp(const char *host, uint16_t port, uint32_t ssrc)
{
    return packet(host, port, (struct learn_packet){.kind = LEARN_RTCP, .ssrc = ssrc});
}

/* `count` packets, 20 ms apart; how many of them passed. */
static unsigned talk(const char *host, uint16_t port, uint32_t ssrc, uint16_t sequence,
                     unsigned count)
{
    unsigned passed = 0;

    for (unsigned i = 0; i < count; i++, now += 20)
        passed += rtp(host, port, ssrc, (uint16_t)(sequence + i));
    return passed;
}

static bool accepts(const char *host, uint16_t port)
{
    struct media_address a = at(host, port);

    return media_address_same(&l.accept, &a);
}

static bool sends(const char *host, uint16_t port)
{
    struct media_address a = at(host, port);

    return media_address_same(&l.send, &a);
}

static void nothing_is_known_before_a_description(void **state)
{
    (void)state;
    l = (struct learn){0};
    assert_int_equal(talk(PHONE, PORT, 1, 1, 20), 0);
    assert_int_equal(l.accept.port, 0);
    assert_int_equal(l.send.port, 0);
}

static void the_described_source_is_taken_at_once(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    assert_true(sends(PHONE, PORT));
    assert_int_equal(l.accept.port, 0);
    assert_true(rtp(PHONE, PORT, 1, 1));
    assert_true(accepts(PHONE, PORT));
    begin(PHONE, NAT); /* a public address counts, wherever the signalling comes from */
    assert_true(rtp(PHONE, PORT, 1, 1));
    assert_true(sends(PHONE, PORT));
}

static void ipv6_is_learned_alike(void **state)
{
    (void)state;
    begin("2001:db8::1", "2001:db8::1");
    assert_true(rtp("2001:db8::1", PORT, 1, 1));
    assert_int_equal(talk("2001:db8::2", PORT, 1, 2, 20), 0);
    begin("fd00::2", "2001:db8::1");
    assert_int_equal(talk("fd00::2", PORT, 1, 1, 20), 0);
    assert_int_equal(talk("2001:db8::1", 40000, 1, 1, 4), 1);
    assert_true(accepts("2001:db8::1", 40000) && sends("2001:db8::1", 40000));
}

static void a_stranger_is_never_taken(void **state)
{
    static const struct {
        const char *sdp, *signal;
    } rows[] = {{PHONE, PHONE}, {PHONE, NAT}, {INSIDE, NAT}, {"", NAT}, {INSIDE, INSIDE}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin(rows[i].sdp, rows[i].signal);
        assert_int_equal(talk(STRANGER, PORT, 7, 1, 100), 0);
        assert_false(rtcp(STRANGER, PORT, 7) || rtcp(STRANGER, PORT, 7));
        now += 60000;
        describe(rows[i].sdp, PORT, rows[i].signal, false);
        assert_int_equal(talk(STRANGER, PORT, 7, 1, 100), 0);
        assert_int_equal(l.accept.port, 0);
    }
}

static void a_stranger_who_copies_the_phone_is_not_taken_when_it_falls_silent(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    talk(PHONE, PORT, 1, 1, 50);
    now += 60000;
    assert_int_equal(talk(STRANGER, PORT, 1, 51, 100), 0);
    assert_true(accepts(PHONE, PORT) && sends(PHONE, PORT));
}

static void another_port_is_taken_after_a_run(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    assert_int_equal(talk(PHONE, 7000, 1, 1, 3), 0);
    assert_int_equal(l.accept.port, 0);
    assert_true(rtp(PHONE, 7000, 1, 4));
    assert_true(accepts(PHONE, 7000));
    assert_true(sends(PHONE, PORT)); /* where it says that it listens */
}

static void a_run_has_one_source_type_and_order(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    for (uint16_t i = 0; i < 40; i++)
        assert_false(rtp(PHONE, 7000, i, i)); /* another SSRC each */
    for (uint16_t i = 0; i < 40; i++)
        assert_false(rtp(PHONE, (uint16_t)(7000 + i), 1, i)); /* another port each */
    for (uint16_t i = 0; i < 40; i++)
        assert_false(rtp(PHONE, 7000, 1, (uint16_t)(i * 17))); /* too far ahead */
    for (uint16_t i = 40; i > 0; i--)
        assert_false(rtp(PHONE, 7000, 1, i)); /* backwards */
    for (uint16_t i = 0; i < 40; i++)
        assert_false(rtp(PHONE, 7000, 1, 5000)); /* one packet again and again */
    for (uint16_t i = 0; i < 40; i++)
        assert_false(packet(
            PHONE, 7000, (struct learn_packet){.kind = LEARN_RTP, .type = i % 2, .sequence = i}));
    assert_int_equal(l.accept.port, 0);
}

static void a_run_may_lose_packets_and_pass_the_end_of_the_numbers(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    assert_false(rtp(PHONE, 7000, 1, 65530));
    assert_false(rtp(PHONE, 7000, 1, 65535));
    assert_false(rtp(PHONE, 7000, 1, 0));
    assert_true(rtp(PHONE, 7000, 1, 16));
}

static void another_port_is_not_taken_while_the_phone_sends(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    for (uint16_t i = 0; i < 200; i++, now += 20) {
        assert_true(rtp(PHONE, PORT, 1, i));
        assert_false(rtp(PHONE, 7000, 1, (uint16_t)(i + 1)));
        assert_false(rtp(PHONE, 7000, 2, i));
    }
    assert_true(accepts(PHONE, PORT));
}

static void the_described_port_takes_back_at_once(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    talk(PHONE, 7000, 9, 1, 10);
    assert_true(accepts(PHONE, 7000));
    assert_true(rtp(PHONE, PORT, 1, 1));
    assert_true(accepts(PHONE, PORT));
    assert_int_equal(talk(PHONE, 7000, 9, 11, 5), 0);
}

static void two_ports_that_take_turns_never_win(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    for (uint16_t i = 0; i < 100; i++, now += 20)
        assert_false(rtp(NAT, 7000 + i % 2, 1, i));
    talk(NAT, 7000, 1, 100, 10);
    for (uint16_t i = 110; i < 200; i++, now += 20)
        assert_int_equal(rtp(NAT, 7000 + i % 2, 1, i), i % 2 == 0);
    assert_true(accepts(NAT, 7000) && sends(NAT, 7000));
}

static void behind_a_nat_only_the_signalling_host_counts(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    assert_int_equal(l.send.port, 0);
    assert_int_equal(talk(INSIDE, PORT, 1, 1, 50), 0);
    assert_int_equal(talk(NAT, PORT, 1, 1, 3), 0);
    assert_int_equal(l.send.port, 0); /* not to whoever knocks */
    assert_int_equal(talk(NAT, PORT, 1, 4, 1), 1);
    assert_true(accepts(NAT, PORT) && sends(NAT, PORT));
}

static void a_host_name_is_like_an_address_behind_a_nat(void **state)
{
    (void)state;
    begin("", NAT);
    assert_int_equal(l.send.port, 0);
    assert_int_equal(talk(NAT, 7000, 1, 1, 4), 1);
    assert_true(sends(NAT, 7000));
}

static void a_private_address_that_also_signals_is_no_nat(void **state)
{
    (void)state;
    begin(INSIDE, INSIDE);
    assert_true(sends(INSIDE, PORT));
    assert_true(rtp(INSIDE, PORT, 1, 1));
    assert_int_equal(talk(INSIDE, 7000, 1, 2, 50), 50 - 13); /* 200 ms, then a run of four */
    assert_true(sends(INSIDE, PORT));
}

static void a_gateway_is_believed(void **state)
{
    (void)state;
    l = (struct learn){0};
    describe(INSIDE, PORT, NAT, true);
    assert_true(sends(INSIDE, PORT));
    assert_true(rtp(INSIDE, PORT, 1, 1));
    assert_int_equal(talk(NAT, PORT, 1, 2, 50), 0);
}

static void a_nat_may_give_another_port_in_mid_call(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 65500, 30);
    assert_int_equal(talk(NAT, 8000, 1, 65530, 50), 50 - 12); /* 200 ms, then a run of four */
    assert_true(accepts(NAT, 8000) && sends(NAT, 8000));
    assert_int_equal(talk(NAT, 7000, 1, 44, 5), 0);
}

static void a_port_changes_only_with_ssrc_and_sequence_going_on(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1000, 30);
    now += 60000;
    assert_int_equal(talk(NAT, 8000, 2, 1030, 50), 0);
    assert_int_equal(talk(NAT, 8000, 1, 900, 50), 0);
    assert_int_equal(talk(NAT, 8000, 1, 1029 + 513, 50), 0);
    assert_int_equal(talk(STRANGER, 8000, 1, 1030, 50), 0);
    assert_true(accepts(NAT, 7000) && sends(NAT, 7000));
    assert_int_equal(talk(NAT, 8000, 1, 1029 + 500, 4), 1);
}

static void reports_do_not_move_a_port_that_talked(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1000, 30);
    now += 60000;
    for (unsigned i = 0; i < 10; i++)
        assert_false(rtcp(NAT, 8000, 1));
    assert_true(accepts(NAT, 7000));
}

static void a_new_description_opens_again(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1000, 30);
    describe(INSIDE, PORT, NAT, false);
    assert_true(accepts(NAT, 7000) && sends(NAT, 7000));
    assert_int_equal(talk(NAT, 8000, 2, 5, 20), 20 - 12); /* 200 ms have to pass all the same */
    assert_true(accepts(NAT, 8000) && sends(NAT, 8000));
    now += 1000;
    assert_int_equal(talk(NAT, 9000, 3, 5, 20), 0);
    assert_int_equal(talk(STRANGER, 9000, 2, 25, 20), 0);
}

static void who_talks_on_after_a_new_description_closes_it(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1000, 10);
    describe(INSIDE, PORT, NAT, false);
    assert_true(learn_listens(&l, now));
    talk(NAT, 7000, 1, 1010, 60);
    assert_false(learn_listens(&l, now));
    now += 1000;
    assert_int_equal(talk(NAT, 8000, 2, 5, 20), 0);
}

static void another_description_begins_anew(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    talk(PHONE, PORT, 1, 1, 10);
    describe(PHONE, PORT + 2, PHONE, false);
    assert_true(sends(PHONE, PORT + 2));
    assert_int_equal(l.accept.port, 0);
    assert_true(rtp(PHONE, PORT + 2, 5, 1));
    describe("192.0.2.11", PORT, PHONE, false);
    assert_int_equal(talk(PHONE, PORT, 1, 11, 20), 0);
    describe(INSIDE, PORT, NAT, false);
    assert_int_equal(l.send.port, 0);
}

static void a_stopped_stream_lets_nobody_in(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    talk(PHONE, PORT, 1, 1, 10);
    describe(PHONE, 0, PHONE, false);
    assert_int_equal(l.send.port, 0);
    assert_int_equal(talk(PHONE, PORT, 1, 11, 20), 0);
    l = (struct learn){0};
    describe("", 0, NAT, false);
    assert_int_equal(talk(NAT, PORT, 1, 11, 20), 0);
}

static void port_0_is_nobody(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1, 10);
    now += 1000;
    assert_int_equal(talk(NAT, 0, 1, 11, 20), 0);
    assert_true(accepts(NAT, 7000) && sends(NAT, 7000));
}

static void reports_are_learned_by_two(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    assert_false(rtcp(NAT, 7001, 1));
    now += 5000;
    assert_true(rtcp(NAT, 7001, 1));
    assert_true(accepts(NAT, 7001) && sends(NAT, 7001));
    begin(PHONE, PHONE);
    assert_true(rtcp(PHONE, PORT, 1));
    assert_true(accepts(PHONE, PORT));
}

static void reports_move_only_when_some_were_missed(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    rtcp(NAT, 7001, 1);
    rtcp(NAT, 7001, 1);
    now += 7500;
    assert_false(rtcp(NAT, 8001, 1) || rtcp(NAT, 8001, 1));
    assert_int_equal(talk(NAT, 8001, 1, 1, 20), 0); /* nor by another kind */
    now += 500;
    assert_false(rtcp(NAT, 8001, 2) || rtcp(NAT, 8001, 2));
    assert_false(rtcp(NAT, 8001, 1));
    assert_true(rtcp(NAT, 8001, 1));
    assert_true(accepts(NAT, 8001) && sends(NAT, 8001));
}

static void reports_beside_audio_change_nothing(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 1000, 10);
    assert_true(rtcp(NAT, 7000, 99));
    assert_int_equal(talk(NAT, 8000, 1, 1010, 50), 50 - 13);
}

static void a_handshake_is_enough(void **state)
{
    const struct learn_packet dtls = {.kind = LEARN_DTLS};

    (void)state;
    begin(INSIDE, NAT);
    assert_false(packet(STRANGER, 7000, dtls));
    assert_true(packet(NAT, 7000, dtls));
    assert_true(accepts(NAT, 7000) && sends(NAT, 7000));
    now += 60000;
    assert_false(packet(NAT, 8000, dtls));
    assert_int_equal(talk(NAT, 7000, 1, 1, 5), 5);
}

static void other_streams_need_a_longer_run(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    for (uint16_t i = 0; i < 7; i++)
        assert_false(packet(NAT, 7000, (struct learn_packet){LEARN_OTHER, .sequence = i}));
    assert_true(packet(NAT, 7000, (struct learn_packet){LEARN_OTHER, .sequence = 7}));
    now += 60000;
    for (uint16_t i = 8; i < 40; i++) /* nothing shows that it is the same */
        assert_false(packet(NAT, 8000, (struct learn_packet){LEARN_OTHER, .sequence = i}));
    describe(INSIDE, PORT, NAT, false);
    for (uint16_t i = 40; i < 47; i++)
        assert_false(packet(NAT, 8000, (struct learn_packet){LEARN_OTHER, .sequence = i}));
    assert_true(packet(NAT, 8000, (struct learn_packet){LEARN_OTHER, .sequence = 47}));
}

static void a_socket_listens_while_its_phone_may_come_from_elsewhere(void **state)
{
    (void)state;
    begin(PHONE, PHONE);
    assert_true(learn_listens(&l, now));
    talk(PHONE, PORT, 1, 1, 1);
    assert_false(learn_listens(&l, now));
    now += 180;
    assert_true(learn_listens(&l, now));
}

/* What cannot be told apart: who has the phone's NAT address and copies what it sent last. */
static void a_copy_from_the_same_address_needs_the_phone_to_be_silent(void **state)
{
    (void)state;
    begin(INSIDE, NAT);
    talk(NAT, 7000, 1, 65526, 10);
    for (uint16_t i = 0; i < 500; i++, now += 20) {
        assert_true(rtp(NAT, 7000, 1, i));
        assert_false(rtp(NAT, 9000, 1, (uint16_t)(i + 1)));
    }
    now += 200;
    assert_int_equal(talk(NAT, 9000, 1, 500, 4), 1);
    assert_true(sends(NAT, 9000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_a_description),
        cmocka_unit_test(the_described_source_is_taken_at_once),
        cmocka_unit_test(ipv6_is_learned_alike),
        cmocka_unit_test(a_stranger_is_never_taken),
        cmocka_unit_test(a_stranger_who_copies_the_phone_is_not_taken_when_it_falls_silent),
        cmocka_unit_test(another_port_is_taken_after_a_run),
        cmocka_unit_test(a_run_has_one_source_type_and_order),
        cmocka_unit_test(a_run_may_lose_packets_and_pass_the_end_of_the_numbers),
        cmocka_unit_test(another_port_is_not_taken_while_the_phone_sends),
        cmocka_unit_test(the_described_port_takes_back_at_once),
        cmocka_unit_test(two_ports_that_take_turns_never_win),
        cmocka_unit_test(behind_a_nat_only_the_signalling_host_counts),
        cmocka_unit_test(a_host_name_is_like_an_address_behind_a_nat),
        cmocka_unit_test(a_private_address_that_also_signals_is_no_nat),
        cmocka_unit_test(a_gateway_is_believed),
        cmocka_unit_test(a_nat_may_give_another_port_in_mid_call),
        cmocka_unit_test(a_port_changes_only_with_ssrc_and_sequence_going_on),
        cmocka_unit_test(reports_do_not_move_a_port_that_talked),
        cmocka_unit_test(a_new_description_opens_again),
        cmocka_unit_test(who_talks_on_after_a_new_description_closes_it),
        cmocka_unit_test(another_description_begins_anew),
        cmocka_unit_test(a_stopped_stream_lets_nobody_in),
        cmocka_unit_test(port_0_is_nobody),
        cmocka_unit_test(reports_are_learned_by_two),
        cmocka_unit_test(reports_move_only_when_some_were_missed),
        cmocka_unit_test(reports_beside_audio_change_nothing),
        cmocka_unit_test(a_handshake_is_enough),
        cmocka_unit_test(other_streams_need_a_longer_run),
        cmocka_unit_test(a_socket_listens_while_its_phone_may_come_from_elsewhere),
        cmocka_unit_test(a_copy_from_the_same_address_needs_the_phone_to_be_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
