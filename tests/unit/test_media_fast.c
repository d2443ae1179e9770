/* Unit tests of media/fast.c: what may leave for the kernel, and what its counts mean. */
#include "media/fast.h"

#include "media/ledger.h"
#include "tests/unit/check.h"

#define A(last, p)                                                                                 \
    (struct media_address)                                                                         \
    {                                                                                              \
        .family = 4, .port = (p), .bytes = { 192, 0, 2, (last) }                                   \
    }

static struct ledger_stream s;
static struct kernel_flow flow;

/* Both sides have been heard and are what they said. */
static void begin(void)
{
    s = (struct ledger_stream){.call = 1};
    for (uint8_t i = 0; i < 2; i++) {
        s.is.sides[i].local = A(1, 16384 + 4 * i);
        s.learn[i][0] = (struct learn){.accept = A(10 + i, 4000),
                                       .send = A(10 + i, 4000),
                                       .kind = LEARN_RTP,
                                       .ssrc = 100u + i,
                                       .ssrc_known = true};
    }
}

static bool leads(unsigned side)
{
    return fast_flow(&flow, &s, side);
}

static void both_directions_have_their_ends(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 2; i++) {
        assert_true(leads(i));
        assert_true(media_address_same(&flow.peer, &s.learn[i][0].accept));
        assert_true(media_address_same(&flow.local, &s.is.sides[i].local));
        assert_true(media_address_same(&flow.out_local, &s.is.sides[!i].local));
        assert_true(media_address_same(&flow.out_peer, &s.learn[!i][0].send));
        assert_true(flow.ssrc_known);
        assert_int_equal(flow.ssrc, 100 + i);
    }
}

static void what_is_not_locked_stays(void **state)
{
    (void)state;
    begin();
    s.learn[0][0].open = 1;
    assert_false(leads(0));
    assert_true(leads(1)); /* the other direction does not care */
    begin();
    s.learn[0][0].ssrc_known = false;
    assert_false(leads(0));
    begin();
    s.learn[0][0].accept.port = 0;
    assert_false(leads(0));
    begin();
    s.learn[0][0].kind = LEARN_RTCP;
    assert_false(leads(0));
}

static void what_leads_nowhere_stays(void **state)
{
    (void)state;
    begin();
    s.learn[1][0].send.port = 0;
    assert_false(leads(0));
    assert_true(leads(1));
    begin();
    s.is.sides[1].held = true;
    assert_false(leads(0));
    assert_true(leads(1));
    begin();
    s.is.sides[1].local.port = 0;
    assert_false(leads(0));
    begin();
    s.is.other = true;
    assert_false(leads(0));
    begin();
    s.learn[1][0].send.family = 6;
    assert_false(leads(0));
}

static void without_a_map_nothing_leaves(void **state)
{
    struct fast fast;

    (void)state;
    begin();
    fast_open(&fast, -1);
    fast_begin(&fast);
    for (uint64_t now = 1; now < 10000; now += 20)
        fast_enter(&fast, &s, 0, now);
    fast_tend(&fast, &s, 10000);
    fast_leave(&fast, &s);
    assert_false(fast_relays(&s));
    assert_int_equal(s.fast[0].due, 0);
    fast_close(&fast);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static struct figures f;
static struct fast_way way;
static struct kernel_counts kernel;

/* `count` packets came to user space, from this number on, 20 ms each. */
static void slow(uint16_t sequence, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct learn_packet p = {
            .kind = LEARN_RTP, .ssrc = 1, .sequence = (uint16_t)(sequence + i)};

        figures_rtp(&f, &p, p.sequence * 160u, 172, (f.packets + 1) * 20000, 8000);
    }
}

static void counts_begin(uint16_t sequence)
{
    f = (struct figures){0};
    way = (struct fast_way){0};
    kernel = (struct kernel_counts){.first = sequence + 50u, .highest = sequence + 49u};
    slow(sequence, 50);
}

/* The kernel has relayed so many more, whose numbers go on by `ahead`. */
static bool fast(unsigned count, unsigned ahead)
{
    kernel.packets += count;
    kernel.bytes += 172ull * count;
    kernel.highest += ahead;
    return fast_add(&way, &kernel, &f, f.last + 20ull * count);
}

static void both_count_as_one(void **state)
{
    (void)state;
    counts_begin(65500); /* the numbers begin again at once */
    assert_true(fast(100, 100));
    assert_int_equal(f.packets, 150);
    assert_int_equal(f.bytes, 150 * 172);
    assert_int_equal(f.last, 150 * 20);
    assert_int_equal(figures_lost(&f), 0);
    assert_true(fast(0, 0));
    assert_int_equal(f.packets, 150);
    assert_true(fast(90, 100));
    assert_int_equal(figures_lost(&f), 10);
    slow((uint16_t)(65500 + 250), 50);
    assert_int_equal(f.packets, 290);
    assert_int_equal(figures_lost(&f), 10);
    assert_int_equal(f.reordered, 0);
}

static void what_is_late_is_not_lost(void **state)
{
    (void)state;
    counts_begin(100);
    kernel.reordered = 3;
    assert_true(fast(20, 20));
    assert_int_equal(f.reordered, 3);
    assert_int_equal(figures_lost(&f), 0);
    assert_true(fast(20, 20));
    assert_int_equal(f.reordered, 3);
}

static void a_jump_is_no_loss(void **state)
{
    (void)state;
    counts_begin(100);
    assert_true(fast(12, 5000));
    assert_int_equal(figures_lost(&f), 0);
    assert_true(fast(12, 13));
    assert_int_equal(figures_lost(&f), 1);
    slow((uint16_t)(100 + 50 + 5000 + 13), 10);
    assert_int_equal(figures_lost(&f), 1);
}

static void a_new_beginning_comes_back(void **state)
{
    (void)state;
    counts_begin(20000);
    assert_true(fast(10, 10));
    kernel.reordered += 12;
    assert_false(fast(12, 0));
    assert_int_equal(figures_lost(&f), 0);
    assert_int_equal(f.reordered, 0);
    slow(512, 50);
    assert_int_equal(f.packets, 122);
    assert_int_equal(figures_lost(&f), 0);
    assert_int_equal(f.reordered, 0);
}

static void jitter_goes_on(void **state)
{
    (void)state;
    counts_begin(100);
    f.jitter = way.jitter = 16 * 80; /* 10 ms */
    assert_true(fast(1, 1));
    assert_int_equal(f.jitter, 16 * 80); /* one packet says nothing */
    assert_true(fast(1, 1));
    assert_int_equal(f.jitter, 16 * 75);
    kernel.jitter = 16 * 40;
    assert_true(fast(200, 200));
    assert_in_range(f.jitter, 16 * 40, 16 * 40 + 8);
    assert_int_equal(f.transit, 0); /* of a packet that nobody here has seen */
}

static void reports_say_where_it_goes(void **state)
{
    (void)state;
    begin();
    assert_false(fast_relays(&s));
    s.fast[1].entered = 1000;
    assert_false(fast_relays(&s)); /* perhaps it takes a way that the kernel is not on */
    s.fast[1].counts.packets = 1;
    assert_true(fast_relays(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_have_their_ends),
        cmocka_unit_test(what_is_not_locked_stays),
        cmocka_unit_test(what_leads_nowhere_stays),
        cmocka_unit_test(without_a_map_nothing_leaves),
        cmocka_unit_test(both_count_as_one),
        cmocka_unit_test(what_is_late_is_not_lost),
        cmocka_unit_test(a_jump_is_no_loss),
        cmocka_unit_test(a_new_beginning_comes_back),
        cmocka_unit_test(jitter_goes_on),
        cmocka_unit_test(reports_say_where_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
