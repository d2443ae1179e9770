/* The guard, its bans, networks and rates, on a virtual clock. */
#include "auth/auth.h"
#include "auth/rate.h"
#include "tests/unit/check.h"

#define WALL 1800000000
#define HOUR (3600 * 1000)

static const uint8_t here[16] = {192, 0, 2, 10};

static struct network at(const char *text)
{
    struct network n = {0};

    assert_true(network_parse(&n, view_of(text)));
    return n;
}

static void networks_are_read_and_written(void **state)
{
    static const char *const right[] = {"192.0.2.1",     "192.0.2.0/24", "0.0.0.0/0", "10.0.0.0/9",
                                        "2001:db8::/32", "::1",          "::/0"};
    static const char *const wrong[] = {
        "",     "192.0.2.1/24", "192.0.2.0/33",    "a",  "192.0.2", "2001:db8::1/64", "::/129",
        "::1/", "10.0.0.0/-1",  "192.0.2.0/24/24", "/8", "[::1]"};
    char text[NETWORK_TEXT_MAX];
    struct network n;

    (void)state;
    for (size_t i = 0; i < COUNT(right); i++) {
        n = at(right[i]);
        assert_string_equal(network_text(&n, text), right[i]);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_row(wrong[i], !network_parse(&n, view_of(wrong[i])));
}

static void networks_hold_what_lies_in_them(void **state)
{
    static const struct {
        const char *outer, *inner;
        bool holds;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.9", true},
        {"192.0.2.0/24", "192.0.3.9", false},
        {"192.0.2.8/29", "192.0.2.15", true},
        {"192.0.2.8/29", "192.0.2.16", false},
        {"192.0.2.9", "192.0.2.0/24", false},
        {"0.0.0.0/0", "192.0.2.9", true},
        {"0.0.0.0/0", "::1", false},
        {"2001:db8::/33", "2001:db8:7fff::/64", true},
        {"2001:db8::/33", "2001:db8:8000::/64", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network outer = at(rows[i].outer), inner = at(rows[i].inner);

        assert_row(rows[i].inner, network_holds(&outer, &inner) == rows[i].holds);
    }
}

static void a_source_is_an_address_or_a_64(void **state)
{
    uint8_t six[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9};
    struct network n = network_source(4, here), m = network_source(6, six);
    char text[NETWORK_TEXT_MAX];

    (void)state;
    assert_string_equal(network_text(&n, text), "192.0.2.10");
    assert_string_equal(network_text(&m, text), "2001:db8:0:1::/64");
}

static void a_bucket_leaks_and_fills(void **state)
{
    static const struct rate rate = {2, 4};
    struct bucket b = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(bucket_take(&b, rate, 0));
    assert_false(bucket_take(&b, rate, 0));
    clock_advance(499);
    assert_false(bucket_take(&b, rate, 0));
    clock_advance(1);
    assert_true(bucket_take(&b, rate, 0));
    bucket_give(&b, 2);
    assert_false(bucket_take(&b, rate, 2));
    assert_true(bucket_take(&b, rate, 1));
    clock_advance(HOUR);
    for (int i = 0; i < 4; i++)
        assert_true(bucket_take(&b, rate, 0));
    assert_false(bucket_take(&b, rate, 0));
}

static int guard_begin(void **state)
{
    struct guard *g;

    clock_make_virtual(1000003, WALL);
    if (guard_new(&g) != OK)
        return 1;
    guard_configure(g, 3);
    *state = g;
    return 0;
}

static int guard_end(void **state)
{
    guard_free(*state);
    return 0;
}

static enum guard_bond bond_now;

static enum guard_bond bond(void *arg)
{
    (void)arg;
    return bond_now;
}

static enum guard_word ask(struct guard *g, const char *source, uint64_t user, unsigned *wait)
{
    struct network n = at(source);

    return guard_ask(g, &n, user, bond, NULL, wait);
}

static struct guard_failure fail_at(struct guard *g, const char *source, uint64_t user,
                                    size_t known)
{
    struct network n = at(source);

    return guard_failed(g, &n, user, known);
}

static void succeed_at(struct guard *g, const char *source, uint64_t user)
{
    struct network n = at(source);

    guard_succeeded(g, &n, user, false);
}

static void failures_delay_ever_longer(void **state)
{
    static const unsigned delays[] = {1000, 2000, 4000, 8000, 16000, 16000, 16000};
    static const unsigned next[] = {1000, 2000, 4000, 8000, 16000, 60000, 60000};
    struct guard *g = *state;
    unsigned wait;

    bond_now = BOND_NONE;
    for (size_t i = 0; i < COUNT(delays); i++) {
        assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
        assert_int_equal(fail_at(g, "192.0.2.1", 7, 0).delay, delays[i]);
        assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_REFUSE);
        assert_int_equal(wait, next[i] / 1000);
        assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_DROP);
        assert_int_equal(ask(g, "192.0.2.2", 7, &wait), GUARD_JUDGE); /* others do not suffer */
        assert_int_equal(ask(g, "192.0.2.1", 8, &wait), GUARD_JUDGE);
        clock_advance(next[i]);
    }
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
    succeed_at(g, "192.0.2.1", 7);
    assert_int_equal(fail_at(g, "192.0.2.1", 7, 0).delay, 1000);
}

static void after_a_failure_one_answer_at_a_time_is_judged(void **state)
{
    struct guard *g = *state;
    unsigned wait;

    bond_now = BOND_NONE;
    (void)fail_at(g, "192.0.2.1", 7, 0);
    clock_advance(1000);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_DROP);
    clock_advance(3000); /* the keeper died: nobody waits for ever */
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
}

/* A thousand guesses at once, before the first is known to be wrong. */
static void few_answers_of_a_user_are_judged_at_a_time(void **state)
{
    struct guard *g = *state;
    unsigned wait, judged = 0;

    bond_now = BOND_NONE;
    for (int i = 0; i < 1000; i++)
        judged += ask(g, "192.0.2.1", 7, &wait) == GUARD_JUDGE;
    assert_int_equal(judged, 3);
    succeed_at(g, "192.0.2.1", 7);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_DROP);
    for (uint64_t user = 100; user < 300; user++) /* phones that all begin at once */
        assert_int_equal(ask(g, "192.0.2.1", user, &wait), GUARD_JUDGE);
    bond_now = BOND_FLOW;
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
}

static void who_is_registered_is_judged_by_his_own_merits(void **state)
{
    struct guard *g = *state;
    unsigned wait, judged = 0;

    for (int i = 0; i < 10; i++)
        (void)fail_at(g, "192.0.2.1", 7, 1);
    bond_now = BOND_FLOW;
    for (int i = 0; i < 100; i++)
        assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
    bond_now = BOND_ADDRESS; /* this may be a neighbour who guesses: some a second */
    for (int i = 0; i < 100; i++)
        judged += ask(g, "192.0.2.1", 7, &wait) == GUARD_JUDGE;
    assert_int_equal(judged, 10);
    (void)fail_at(g, "192.0.2.1", 7, 1);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_DROP);
    clock_advance(1000);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
}

static void an_auth_name_that_was_right_counts_as_registered(void **state)
{
    struct guard *g = *state;
    struct network n = at("192.0.2.1");
    unsigned wait;

    bond_now = BOND_NONE;
    guard_succeeded(g, &n, 7, true);
    (void)fail_at(g, "192.0.2.1", 7, 0);
    assert_int_equal(ask(g, "192.0.2.1", 7, &wait), GUARD_JUDGE);
}

static void many_users_that_fail_earn_a_ban(void **state)
{
    struct guard *g = *state;

    for (int i = 0; i < 5; i++)
        assert_false(fail_at(g, "192.0.2.1", 1, 0).ban); /* one user, however often */
    assert_false(fail_at(g, "192.0.2.1", 2, 0).ban);
    assert_false(fail_at(g, "192.0.2.2", 3, 0).ban); /* elsewhere */
    struct guard_failure third = fail_at(g, "192.0.2.1", 3, 0);

    assert_true(third.ban);
    assert_int_equal(third.users, 3);
    assert_false(fail_at(g, "192.0.2.1", 4, 0).ban); /* all count anew */
    assert_false(fail_at(g, "192.0.2.1", 1, 0).ban);
    assert_true(fail_at(g, "192.0.2.1", 2, 0).ban);
}

static void phones_behind_the_address_keep_it_from_a_ban(void **state)
{
    struct guard *g = *state;

    for (uint64_t user = 1; user < 10; user++)
        assert_false(fail_at(g, "192.0.2.1", user, 1).ban);
    succeed_at(g, "192.0.2.2", 99);
    for (uint64_t user = 1; user < 10; user++)
        assert_false(fail_at(g, "192.0.2.2", user, 0).ban);
    clock_advance(HOUR + 1);
    assert_false(fail_at(g, "192.0.2.2", 1, 0).ban);
    assert_false(fail_at(g, "192.0.2.2", 2, 0).ban);
    assert_true(fail_at(g, "192.0.2.2", 3, 0).ban);
}

static void users_are_counted_within_an_hour(void **state)
{
    struct guard *g = *state;

    for (int round = 0; round < 10; round++) { /* two phones that fail for days */
        assert_false(fail_at(g, "192.0.2.1", 1, 0).ban);
        assert_false(fail_at(g, "192.0.2.1", 2, 0).ban);
        clock_advance(HOUR / 2 + 1);
    }
}

static void without_a_number_of_users_nobody_is_banned(void **state)
{
    struct guard *g = *state;

    guard_configure(g, 0);
    for (uint64_t user = 1; user < 30; user++)
        assert_false(fail_at(g, "192.0.2.1", user, 0).ban);
}

/* A password for each of a thousand users, from an address that cannot be banned. */
static void one_guess_for_each_of_many_users_is_slow(void **state)
{
    struct guard *g = *state;
    unsigned wait, judged = 0;

    bond_now = BOND_NONE;
    for (uint64_t user = 1; user < 1000; user++) {
        if (ask(g, "192.0.2.1", user, &wait) != GUARD_JUDGE)
            continue;
        judged++;
        (void)fail_at(g, "192.0.2.1", user, 200);
    }
    assert_int_equal(judged, 3 + 5);
    bond_now = BOND_ADDRESS; /* the phones there */
    for (uint64_t user = 2000; user < 2200; user++)
        assert_int_equal(ask(g, "192.0.2.1", user, &wait), GUARD_JUDGE);
}

static size_t known(void *arg)
{
    return *(size_t *)arg;
}

static unsigned admitted(struct guard *g, const char *source, bool claims, size_t phones)
{
    struct network n = at(source);
    unsigned count = 0;

    while (count < 100000 && guard_admit(g, &n, claims, known, &phones))
        count++;
    return count;
}

static void a_budget_grows_with_the_phones_behind_it(void **state)
{
    struct guard *g = *state;

    assert_int_equal(admitted(g, "192.0.2.1", false, 0), 750);
    assert_int_equal(admitted(g, "192.0.2.1", true, 0), 250);
    assert_int_equal(admitted(g, "192.0.2.2", true, 200), 5000);
    clock_advance(1000);
    assert_int_equal(admitted(g, "192.0.2.1", true, 0), 50);
    assert_int_equal(admitted(g, "192.0.2.2", true, 200), 450);
}

static void who_proves_himself_has_his_budget_back(void **state)
{
    struct guard *g = *state;
    struct network n = at("192.0.2.1");
    size_t none = 0;

    for (int i = 0; i < 100000; i++) {
        assert_true(guard_admit(g, &n, false, known, &none));
        assert_true(guard_admit(g, &n, true, known, &none));
        guard_succeeded(g, &n, 1, false);
    }
}

/* However many sources there are, memory has an end, and those behind it share a budget. */
static void forged_sources_fill_no_memory(void **state)
{
    struct guard *g = *state;
    unsigned admitted_late = 0;
    size_t none = 0;

    for (uint32_t i = 0; i < 400000; i++) {
        struct network n =
            network_source(4, (uint8_t[16]){10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
        bool in = guard_admit(g, &n, false, known, &none);

        if (i >= 300000)
            admitted_late += in;
        else if (i < 50000)
            assert_true(in);
    }
    assert_true(admitted_late < 1000);
}

static void probing_is_seen(void **state)
{
    struct guard *g = *state;
    struct network n = at("192.0.2.1"), other = at("192.0.2.2");

    for (int i = 0; i < 20; i++)
        guard_probed(g, &n, 1); /* one wrong number, however often */
    for (uint64_t number = 2; number < GUARD_PROBES; number++)
        guard_probed(g, &n, number);
    assert_false(guard_probes(g, &n));
    guard_probed(g, &n, 99);
    assert_true(guard_probes(g, &n));
    assert_false(guard_probes(g, &other));
    clock_advance(HOUR + 1);
    assert_false(guard_probes(g, &n));
}

static void the_trusted_are_known(void **state)
{
    struct guard *g = *state;
    struct network list[] = {at("10.0.0.0/8"), at("2001:db8::/32")};
    struct network in = at("10.9.9.9"), out = at("11.0.0.1"), six = at("2001:db8:1::/64");

    assert_false(guard_trusts(g, &in));
    assert_int_equal(guard_trust(g, list, 2), OK);
    assert_true(guard_trusts(g, &in));
    assert_true(guard_trusts(g, &six));
    assert_false(guard_trusts(g, &out));
    assert_int_equal(guard_trust(g, NULL, 0), OK);
    assert_false(guard_trusts(g, &in));
}

static int bans_begin(void **state)
{
    struct bans *b;

    clock_make_virtual(1000003, WALL);
    *state = NULL;
    if (bans_new(&b) != OK)
        return 1;
    *state = b;
    return 0;
}

static int bans_end(void **state)
{
    bans_free(*state);
    return 0;
}

static bool held(struct bans *b, const char *address)
{
    struct network n = at(address);

    return bans_hold(b, n.family, n.address);
}

static void put(struct bans *b, const char *text, int64_t seconds)
{
    struct network n = at(text);

    assert_int_equal(bans_put(b, &n, clock_wall() + seconds, 3, VIEW("guessed"), NULL), OK);
}

static void bans_hold_addresses_and_networks(void **state)
{
    struct bans *b = *state;
    struct network n = at("192.0.2.0/24");

    assert_false(held(b, "192.0.2.1"));
    put(b, "192.0.2.0/24", 60);
    put(b, "198.51.100.1", 60);
    put(b, "2001:db8::/64", 60);
    assert_true(held(b, "192.0.2.1"));
    assert_true(held(b, "198.51.100.1"));
    assert_false(held(b, "198.51.100.2"));
    assert_true(held(b, "2001:db8::77"));
    assert_false(held(b, "2001:db8:0:1::77"));
    bans_drop(b, &n);
    bans_drop(b, &n);
    assert_false(held(b, "192.0.2.1"));
    assert_int_equal(bans_count(b), 2);
    bans_clear(b);
    assert_int_equal(bans_count(b), 0);
    assert_false(held(b, "198.51.100.1"));
}

static void bans_end_in_time(void **state)
{
    struct bans *b = *state;

    put(b, "192.0.2.1", 10);
    put(b, "192.0.2.2", 20);
    clock_advance(9000);
    assert_true(held(b, "192.0.2.1"));
    clock_advance(1000);
    assert_false(held(b, "192.0.2.1"));
    assert_int_equal(bans_count(b), 1);
    put(b, "192.0.2.2", 60); /* anew, for longer */
    assert_int_equal(bans_count(b), 1);
    clock_advance(30000);
    assert_true(held(b, "192.0.2.2"));
    put(b, "192.0.2.2", -1);
    assert_false(held(b, "192.0.2.2"));
}

static void bans_have_an_end_of_number(void **state)
{
    struct bans *b = *state;
    struct network n = at("10.0.0.0");

    for (uint32_t i = 0; i < BANS_MAX; i++) {
        n.address[1] = (uint8_t)(i >> 8);
        n.address[2] = (uint8_t)i;
        assert_int_equal(bans_put(b, &n, WALL + 60, 1, VIEW(""), NULL), OK);
    }
    n.address[3] = 1;
    assert_int_equal(bans_put(b, &n, WALL + 60, 1, VIEW(""), NULL), ERR_LIMIT);
}

#define GUARD_TEST(test) cmocka_unit_test_setup_teardown(test, guard_begin, guard_end)
#define BANS_TEST(test)  cmocka_unit_test_setup_teardown(test, bans_begin, bans_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read_and_written),
        cmocka_unit_test(networks_hold_what_lies_in_them),
        cmocka_unit_test(a_source_is_an_address_or_a_64),
        GUARD_TEST(a_bucket_leaks_and_fills),
        GUARD_TEST(failures_delay_ever_longer),
        GUARD_TEST(after_a_failure_one_answer_at_a_time_is_judged),
        GUARD_TEST(few_answers_of_a_user_are_judged_at_a_time),
        GUARD_TEST(who_is_registered_is_judged_by_his_own_merits),
        GUARD_TEST(an_auth_name_that_was_right_counts_as_registered),
        GUARD_TEST(many_users_that_fail_earn_a_ban),
        GUARD_TEST(phones_behind_the_address_keep_it_from_a_ban),
        GUARD_TEST(users_are_counted_within_an_hour),
        GUARD_TEST(without_a_number_of_users_nobody_is_banned),
        GUARD_TEST(one_guess_for_each_of_many_users_is_slow),
        GUARD_TEST(a_budget_grows_with_the_phones_behind_it),
        GUARD_TEST(who_proves_himself_has_his_budget_back),
        GUARD_TEST(forged_sources_fill_no_memory),
        GUARD_TEST(probing_is_seen),
        GUARD_TEST(the_trusted_are_known),
        BANS_TEST(bans_hold_addresses_and_networks),
        BANS_TEST(bans_end_in_time),
        BANS_TEST(bans_have_an_end_of_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
