/* Unit tests of base/: views, arena, hashes, table, wheel, packing, channels. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

static void views_are_cut_and_trimmed(void **state)
{
    struct view rest = VIEW("a,b,,c");

    (void)state;
    assert_true(view_eq(view_cut(&rest, ','), VIEW("a")));
    assert_true(view_eq(view_cut(&rest, ','), VIEW("b")));
    assert_true(view_eq(view_cut(&rest, ','), VIEW("")));
    assert_true(view_eq(view_cut(&rest, ','), VIEW("c")));
    assert_int_equal(rest.n, 0);
    assert_true(view_eq(view_trim(VIEW(" \t x y\r\n")), VIEW("x y")));
    assert_true(view_ieq(VIEW("CaLL-id"), VIEW("Call-ID")));
    assert_false(view_ieq(VIEW("a"), VIEW("ab")));
    assert_int_equal(view_ifind(VIEW("abcDEF"), VIEW("cde")), 2);
}

static void numbers_have_limits(void **state)
{
    uint64_t n = 7;

    (void)state;
    assert_true(view_number(VIEW("4294967295"), UINT32_MAX, &n));
    assert_int_equal(n, UINT32_MAX);
    assert_false(view_number(VIEW("4294967296"), UINT32_MAX, &n));
    assert_false(view_number(VIEW("18446744073709551616"), UINT64_MAX, &n));
    assert_false(view_number(VIEW("-1"), UINT64_MAX, &n));
    assert_false(view_number(VIEW("3x"), UINT64_MAX, &n));
    assert_false(view_number(VIEW(""), UINT64_MAX, &n));
    assert_int_equal(n, UINT32_MAX);
}

static void copies_refuse_nul_and_overflow(void **state)
{
    char buffer[4];

    (void)state;
    assert_true(view_copy(VIEW("abc"), buffer, sizeof(buffer)));
    assert_string_equal(buffer, "abc");
    assert_false(view_copy(VIEW("abcd"), buffer, sizeof(buffer)));
    assert_false(view_copy(VIEW("a\0b"), buffer, sizeof(buffer)));
}

static void arena_keeps_to_its_cap(void **state)
{
    struct arena *a = arena_new(100, 400);
    char *first = arena_alloc(a, 50);

    (void)state;
    assert_non_null(first);
    assert_non_null(arena_alloc(a, 200));
    assert_null(arena_alloc(a, 200));
    assert_null(arena_alloc(a, SIZE_MAX));
    arena_reset(a);
    assert_ptr_equal(arena_alloc(a, 50), first);
    assert_int_equal(arena_used(a), 64);
    arena_free(a);
}

static void siphash_matches_its_vectors(void **state)
{
    uint8_t key[16], text[15];

    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        text[i] = i;
    /* appendix A of the SipHash paper */
    assert_true(hash_keyed64(key, (struct view){(char *)text, 15}) == 0xa129ca6149be45e5ull);
}

struct item {
    struct table_node node;
    unsigned number;
};

static bool item_matches(const struct table_node *node, const void *key)
{
    return ((const struct item *)(const void *)node)->number == *(const unsigned *)key;
}

static void table_finds_what_was_put(void **state)
{
    static struct item items[1000];
    struct table t;

    (void)state;
    assert_int_equal(table_init(&t), OK);
    for (unsigned i = 0; i < 1000; i++) {
        items[i].number = i;
        table_put(&t, &items[i].node, i % 50); /* twenty to a hash */
    }
    for (unsigned i = 0; i < 1000; i += 2)
        table_take(&t, &items[i].node);
    assert_int_equal(t.count, 500);
    for (unsigned i = 0; i < 1000; i++) {
        struct table_node *found = table_find(&t, i % 50, item_matches, &i);

        assert_ptr_equal(found, i % 2 ? &items[i].node : NULL);
    }
    table_free(&t);
}

struct alarm {
    struct timer timer;
    uint64_t due, fired;
};

static void on_alarm(struct timer *t)
{
    TIMER_OWNER(t, struct alarm, timer)->fired = clock_ms();
}

static void wheel_fires_at_the_millisecond(void **state)
{
    static struct alarm alarms[500];
    struct wheel *w;
    uint64_t start = clock_ms();

    (void)state;
    srand(7);
    assert_int_equal(wheel_new(&w, start), OK);
    for (int i = 0; i < 500; i++) {
        uint64_t ms = 1 + (uint64_t)rand() % (i % 3 ? 40000 : 90000000);

        alarms[i] = (struct alarm){.due = start + ms};
        timer_arm(w, &alarms[i].timer, ms, on_alarm);
    }
    timer_disarm(&alarms[3].timer);
    for (uint64_t wait; (wait = wheel_wait(w)) != UINT64_MAX;) {
        clock_advance(wait);
        wheel_turn(w, clock_ms());
    }
    for (int i = 0; i < 500; i++)
        assert_int_equal(alarms[i].fired, i == 3 ? 0 : alarms[i].due);
    wheel_free(w);
}

static void wheel_catches_up_after_a_long_sleep(void **state)
{
    struct alarm a = {.due = 0};
    struct wheel *w;

    (void)state;
    assert_int_equal(wheel_new(&w, clock_ms()), OK);
    clock_advance(123456);
    timer_arm(w, &a.timer, 10, on_alarm); /* from now, not from the wheel's last turn */
    wheel_turn(w, clock_ms());
    assert_int_equal(a.fired, 0);
    clock_advance(10);
    wheel_turn(w, clock_ms());
    assert_int_equal(a.fired, clock_ms());
    wheel_free(w);
}

static void packed_fields_come_back(void **state)
{
    struct pack k = {0};
    struct view rest;
    bool bad = false;

    (void)state;
    pack_u8(&k, 1);
    pack_u64(&k, UINT64_MAX);
    pack_view(&k, VIEW("x\0y"));
    rest = pack_bytes_view(&k);
    assert_int_equal(unpack_u8(&rest, &bad), 1);
    assert_true(unpack_u64(&rest, &bad) == UINT64_MAX);
    assert_true(view_eq(unpack_view(&rest, &bad), VIEW("x\0y")));
    assert_false(bad);
    assert_int_equal(unpack_u32(&rest, &bad), 0);
    assert_true(bad);
    pack_free(&k);
}

static void unpacking_trusts_no_length(void **state)
{
    struct pack k = {0};
    struct view rest;
    bool bad = false;

    (void)state;
    pack_u32(&k, 1000); /* a length with nothing behind it */
    pack_u8(&k, 'x');
    rest = pack_bytes_view(&k);
    assert_int_equal(unpack_view(&rest, &bad).n, 0);
    assert_true(bad);
    pack_free(&k);
}

static void what_ages_dies_between_one_span_and_two(void **state)
{
    struct aging *a;
    struct item *item;
    unsigned one = 1, two = 2;

    (void)state;
    assert_int_equal(aging_new(&a, 1000, 1 << 20), OK);
    assert_null(aging_find(a, 7, item_matches, &one));
    item = aging_put(a, 7, sizeof(*item));
    item->number = 1;
    clock_advance(999);
    item = aging_put(a, 7, sizeof(*item));
    item->number = 2;
    clock_advance(999); /* the first is older than a span, and in the old generation */
    assert_non_null(aging_find(a, 7, item_matches, &one));
    assert_non_null(aging_find(a, 7, item_matches, &two));
    clock_advance(1000);
    assert_null(aging_find(a, 7, item_matches, &one));
    assert_int_equal(aging_count(a), 0);
    aging_free(a);
}

static void aging_keeps_to_its_cap(void **state)
{
    struct aging *a;
    unsigned put = 0;

    (void)state;
    assert_int_equal(aging_new(&a, 1000, 1 << 20), OK);
    while (aging_put(a, put, 64))
        put++;
    assert_in_range(put, 10000, 16384);
    clock_advance(1000);
    assert_non_null(aging_put(a, 0, 64)); /* a new generation has room again */
    aging_free(a);
}

struct heard {
    unsigned messages, drained;
    uint64_t last_id;
    int fd;
    bool closed;
    struct event_base *base;
};

static void on_heard(void *arg, const struct channel_message *m)
{
    struct heard *h = arg;

    h->messages++;
    h->last_id = m->id;
    if (m->fd >= 0)
        h->fd = m->fd;
}

static void on_drained(void *arg)
{
    ((struct heard *)arg)->drained++;
}

static void on_closed(void *arg)
{
    ((struct heard *)arg)->closed = true;
    event_base_loopbreak(((struct heard *)arg)->base);
}

static void channels_gather_and_pass_descriptors(void **state)
{
    struct heard h = {.fd = -1, .base = event_base_new()};
    struct channel_handler handler = {on_heard, on_closed, on_drained, &h};
    struct channel *a, *b;
    int fds[2], file = dup(0);

    (void)state;
    assert_int_equal(channel_pair(fds), OK);
    assert_int_equal(channel_new(&a, h.base, fds[0], &handler), OK);
    assert_int_equal(channel_new(&b, h.base, fds[1], &handler), OK);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(channel_send(a, 1, i, VIEW("hello"), -1), OK);
    assert_int_equal(channel_send(a, 2, 1000, VIEW_NONE, file), OK);
    channel_free(a);
    event_base_dispatch(h.base);
    assert_int_equal(h.messages, 1001);
    assert_int_equal(h.last_id, 1000);
    assert_true(h.closed);
    assert_true(h.fd >= 0);
    channel_free(b);
    close(h.fd);
    close(file);
    event_base_free(h.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_cut_and_trimmed),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(copies_refuse_nul_and_overflow),
        cmocka_unit_test(arena_keeps_to_its_cap),
        cmocka_unit_test(siphash_matches_its_vectors),
        cmocka_unit_test(table_finds_what_was_put),
        cmocka_unit_test(what_ages_dies_between_one_span_and_two),
        cmocka_unit_test(aging_keeps_to_its_cap),
        cmocka_unit_test(packed_fields_come_back),
        cmocka_unit_test(unpacking_trusts_no_length),
        cmocka_unit_test(channels_gather_and_pass_descriptors),
        cmocka_unit_test(wheel_fires_at_the_millisecond),
        cmocka_unit_test(wheel_catches_up_after_a_long_sleep),
    };

    clock_make_virtual(1000003, 1800000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
