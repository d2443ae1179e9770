/* Unit tests of media/figures.c and media/rtcp.c: what is said of a call's audio. */
#include "media/figures.h"

#include "media/rtcp.h"
#include "tests/unit/check.h"

#define CLOCK 8000

static struct figures f;
static uint64_t now; /* us */

static void begin(void)
{
    f = (struct figures){0};
    now = 1000000;
}

/* A packet of 20 ms, in time. */
static void come_as(uint32_t ssrc, uint16_t sequence, uint8_t type)
{
    const struct learn_packet p = {
        .kind = LEARN_RTP, .ssrc = ssrc, .sequence = sequence, .type = type};

    figures_rtp(&f, &p, sequence * 160u, 172, now, CLOCK);
    now += 20000;
}

static void come(uint16_t sequence)
{
    come_as(1, sequence, 0);
}

static void all_that_comes_is_counted(void **state)
{
    (void)state;
    begin();
    for (uint16_t i = 100; i < 150; i++)
        come(i);
    assert_int_equal(f.packets, 50);
    assert_int_equal(f.bytes, 50 * 172);
    assert_int_equal(f.first, 1000);
    assert_int_equal(f.last, 1000 + 49 * 20);
    assert_int_equal(figures_lost(&f), 0);
    assert_int_equal(f.reordered, 0);
}

static void what_is_missing_is_lost(void **state)
{
    (void)state;
    begin();
    assert_int_equal(figures_lost(&f), 0);
    for (uint16_t i = 0; i < 100; i++)
        if (i % 10 != 5)
            come(i);
    assert_int_equal(figures_lost(&f), 10);
}

static void numbers_that_begin_again_lose_nothing(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 2 * 65536 + 100; i++)
        if (i != 65536)
            come((uint16_t)(65500 + i));
    assert_int_equal(figures_lost(&f), 1);
    assert_int_equal(f.reordered, 0);
}

static void a_late_packet_is_not_lost(void **state)
{
    static const uint16_t order[] = {65534, 0, 65535, 1, 3, 4, 2, 5};

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(order); i++)
        come(order[i]);
    assert_int_equal(figures_lost(&f), 0);
    assert_int_equal(f.reordered, 2);
}

static void one_that_was_sent_before_the_first_belongs_to_it(void **state)
{
    (void)state;
    begin();
    come(0);
    come(65534);
    come(1);
    assert_int_equal(figures_lost(&f), 1);
    come(65535);
    assert_int_equal(figures_lost(&f), 0);
}

static void another_source_is_another_beginning(void **state)
{
    (void)state;
    begin();
    come_as(1, 10, 0);
    come_as(1, 12, 0);
    come_as(2, 40000, 0);
    come_as(2, 40003, 0);
    assert_int_equal(figures_lost(&f), 3);
    assert_int_equal(f.reordered, 0);
    assert_int_equal(f.ssrc, 2);
}

static void a_source_that_begins_anew_loses_nothing(void **state)
{
    (void)state;
    begin();
    come(10);
    come(11);
    come(40000);
    come(40001);
    come(100);
    assert_int_equal(figures_lost(&f), 0);
    assert_int_equal(f.reordered, 0);
}

static void a_packet_at(uint64_t at, uint32_t timestamp, uint8_t type, uint32_t clock)
{
    const struct learn_packet p = {.kind = LEARN_RTP, .ssrc = 1, .sequence = 1, .type = type};

    figures_rtp(&f, &p, timestamp, 172, at, clock);
}

static void what_is_no_codec_is_only_counted(void **state)
{
    const struct learn_packet noise = {.kind = LEARN_RTP, .ssrc = 1, .sequence = 2, .type = 13};

    (void)state;
    begin();
    a_packet_at(1000000, 0, 8, CLOCK);
    figures_aside(&f, &noise, 13, 1500000);
    assert_int_equal(f.packets, 2);
    assert_int_equal(f.bytes, 185);
    assert_int_equal(f.type, 8);
    assert_int_equal(f.last, 1500);
    assert_int_equal(figures_jitter(&f), 0);
    assert_int_equal(figures_lost(&f), 0);
}

/* By hand: d is 80, 80 and 0; J is 5, 9.69 and 9.08 of 8000 Hz. */
static void jitter_is_that_of_rfc_3550(void **state)
{
    (void)state;
    begin();
    a_packet_at(1000000, 0, 0, CLOCK);
    assert_int_equal(figures_jitter(&f), 0);
    a_packet_at(1030000, 160, 0, CLOCK);
    assert_int_equal(figures_jitter(&f), 5 * 125);
    a_packet_at(1040000, 320, 0, CLOCK);
    a_packet_at(1060000, 480, 0, CLOCK);
    assert_int_equal(figures_jitter(&f), 9 * 125);
}

static void what_is_in_time_has_no_jitter(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 100; i++) /* over the end of the timestamps */
        a_packet_at(1000000 + i * 20000, 0xfffff000u + i * 160, 0, CLOCK);
    assert_int_equal(figures_jitter(&f), 0);
}

static void neither_a_jump_nor_another_clock_is_jitter(void **state)
{
    (void)state;
    begin();
    a_packet_at(1000000, 0, 0, CLOCK);
    a_packet_at(1020000, 1000000, 0, CLOCK);
    assert_int_equal(figures_jitter(&f), 0);
    a_packet_at(1040000, 77, 96, 48000);
    assert_int_equal(figures_jitter(&f), 0);
    a_packet_at(1060000, 0, 97, 0);
    assert_int_equal(figures_jitter(&f), 0);
}

static void lose(unsigned every)
{
    begin();
    for (uint16_t i = 0; i < 1000; i++)
        if (!every || i % every)
            come(i);
}

static void mos_says_what_a_listener_would(void **state)
{
    struct figures to = {0};
    unsigned perfect, lossy, awful;

    (void)state;
    begin();
    assert_int_equal(figures_mos(&f, &to, VIEW("PCMU")), 0);
    lose(0);
    perfect = figures_mos(&f, &to, VIEW("PCMU"));
    assert_in_range(perfect, 435, 445);
    assert_int_equal(figures_mos(&f, &to, VIEW("")), perfect); /* by the static type */
    assert_in_range(figures_mos(&f, &to, VIEW("G729")), 400, 415);
    assert_in_range(figures_mos(&f, &to, VIEW("WHAT")), 400, perfect - 1);
    lose(20);
    lossy = figures_mos(&f, &to, VIEW("PCMU"));
    assert_in_range(lossy, 370, 400);
    assert_true(figures_mos(&f, &to, VIEW("G729")) < lossy);
    lose(2);
    awful = figures_mos(&f, &to, VIEW("G729"));
    assert_in_range(awful, 100, 200);
}

static void delay_is_heard_too(void **state)
{
    struct figures to = {0};
    unsigned before;

    (void)state;
    lose(0);
    before = figures_mos(&f, &to, VIEW("PCMU"));
    f.round_trip = 100000;
    assert_true(figures_mos(&f, &to, VIEW("PCMU")) < before);
    before = figures_mos(&f, &to, VIEW("PCMU"));
    to.round_trip = 600000;
    assert_true(figures_mos(&f, &to, VIEW("PCMU")) + 30 < before);
    for (to.round_trip = 600000; to.round_trip < 4000000; to.round_trip += 1000)
        assert_in_range(figures_mos(&f, &to, VIEW("PCMU")), 100, before);
    to.round_trip = f.round_trip = UINT32_MAX;
    assert_int_equal(figures_mos(&f, &to, VIEW("PCMU")), 100);
}

/* RTCP: packets of 32 bit words. */
struct words {
    uint8_t bytes[256];
    size_t n;
};

static void word(struct words *w, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        w->bytes[w->n++] = (uint8_t)(value >> shift);
}

static void header(struct words *w, unsigned blocks, unsigned type, unsigned words, uint32_t ssrc)
{
    word(w, 0x80000000u | blocks << 24 | type << 16 | (words - 1));
    word(w, ssrc);
}

static void sender_report(struct words *w, uint32_t ssrc, uint32_t seconds, uint32_t fraction)
{
    header(w, 0, 200, 7, ssrc);
    word(w, seconds);
    word(w, fraction);
    word(w, 160);
    word(w, 1);
    word(w, 160);
}

static void receiver_report(struct words *w, uint32_t of, uint32_t lost, uint32_t last,
                            uint32_t delay)
{
    header(w, 1, 201, 8, 99);
    word(w, of);
    word(w, lost);
    word(w, 1000);
    word(w, 0);
    word(w, last);
    word(w, delay);
}

static void round_trips_are_measured_at_the_server(void **state)
{
    struct figures a = {.begun = true, .ssrc = 7}, b = {0};
    struct words report = {0}, answer = {0};

    (void)state;
    sender_report(&report, 7, 0x11112222, 0x33334444);
    rtcp_pass(&a, &b, report.bytes, report.n, 5000000, false);
    receiver_report(&answer, 7, 64u << 24 | 12, 0x22223333, 65536 / 2); /* held for 500 ms */
    rtcp_pass(&b, &a, answer.bytes, answer.n, 5580000, false);
    assert_int_equal(b.round_trip, 80000);
    assert_int_equal(a.round_trip, 0);
    assert_int_equal(b.lost_there, 12);
    assert_int_equal(b.fraction_there, 64);
    assert_int_equal(a.reports, 1);
    assert_int_equal(b.reports, 1);
}

static void what_does_not_fit_measures_nothing(void **state)
{
    static const struct {
        const char *name;
        uint32_t of, last, delay;
    } rows[] = {
        {"another source", 8, 0x22223333, 0},
        {"no report yet", 7, 0, 0},
        {"an older report", 7, 0x22223332, 0},
        {"held for longer than it is old", 7, 0x22223333, 65536},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct figures a = {.begun = true, .ssrc = 7}, b = {0};
        struct words report = {0}, answer = {0};

        sender_report(&report, 7, 0x11112222, 0x33334444);
        rtcp_pass(&a, &b, report.bytes, report.n, 5000000, false);
        receiver_report(&answer, rows[i].of, 0, rows[i].last, rows[i].delay);
        rtcp_pass(&b, &a, answer.bytes, answer.n, 5500000, false);
        assert_row(rows[i].name, !b.round_trip);
    }
}

static void compounds_are_read_to_their_end(void **state)
{
    struct figures a = {.begun = true, .ssrc = 7}, b = {.report_sent = 5, .report_time = 1};
    struct words w = {0};

    (void)state;
    header(&w, 1, 202, 3, 99); /* a description of its source */
    word(&w, 0);
    receiver_report(&w, 7, 0x800001, 5, 0); /* fewer than none: some came twice */
    b.lost_there = 9;
    rtcp_pass(&b, &a, w.bytes, w.n, 1000001, false);
    assert_int_equal(b.round_trip, 1000000);
    assert_int_equal(b.lost_there, 0);
}

static void cut_and_encrypted_reports_are_only_counted(void **state)
{
    struct words w = {0};

    (void)state;
    receiver_report(&w, 7, 3, 5, 0);
    for (size_t n = 0; n <= w.n; n++) {
        struct figures a = {.begun = true, .ssrc = 7}, b = {.report_sent = 5};

        rtcp_pass(&b, &a, w.bytes, n, 1000000, n == w.n);
        assert_int_equal(b.reports, 1);
        assert_int_equal(b.lost_there, 0);
        assert_int_equal(b.round_trip, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_comes_is_counted),
        cmocka_unit_test(what_is_missing_is_lost),
        cmocka_unit_test(numbers_that_begin_again_lose_nothing),
        cmocka_unit_test(a_late_packet_is_not_lost),
        cmocka_unit_test(one_that_was_sent_before_the_first_belongs_to_it),
        cmocka_unit_test(another_source_is_another_beginning),
        cmocka_unit_test(a_source_that_begins_anew_loses_nothing),
        cmocka_unit_test(what_is_no_codec_is_only_counted),
        cmocka_unit_test(jitter_is_that_of_rfc_3550),
        cmocka_unit_test(what_is_in_time_has_no_jitter),
        cmocka_unit_test(neither_a_jump_nor_another_clock_is_jitter),
        cmocka_unit_test(mos_says_what_a_listener_would),
        cmocka_unit_test(delay_is_heard_too),
        cmocka_unit_test(round_trips_are_measured_at_the_server),
        cmocka_unit_test(what_does_not_fit_measures_nothing),
        cmocka_unit_test(compounds_are_read_to_their_end),
        cmocka_unit_test(cut_and_encrypted_reports_are_only_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
