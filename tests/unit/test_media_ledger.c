/* Unit tests of media/ledger.c: what is known of calls outlives who knew it. */
#include "media/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/check.h"

#define CALLS_MAX   8192
#define STREAMS_ALL 12288

static struct ledger *opened(int fd)
{
    struct ledger *l;

    assert_int_equal(ledger_open(&l, fd), OK);
    return l;
}

/* A ledger, and in *spare another descriptor of its memory. */
static struct ledger *fresh(int *spare)
{
    int fd;

    assert_int_equal(ledger_create(&fd), OK);
    *spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return opened(fd);
}

/* The next life, by another descriptor. */
static struct ledger *again(struct ledger *l, int spare)
{
    ledger_close(l);
    return opened(fcntl(spare, F_DUPFD_CLOEXEC, 0));
}

static size_t calls_count(struct ledger *l)
{
    size_t n = 0, count = 0;

    while (ledger_next_call(l, &n))
        count++;
    return count;
}

static size_t streams_count(struct ledger *l)
{
    size_t n = 0, count = 0;

    while (ledger_next_stream(l, &n))
        count++;
    return count;
}

static void an_empty_one_has_nothing(void **state)
{
    int spare;
    struct ledger *l = fresh(&spare);

    (void)state;
    assert_int_equal(calls_count(l), 0);
    assert_int_equal(streams_count(l), 0);
    l = again(l, spare);
    assert_int_equal(calls_count(l), 0);
    ledger_close(l);
    close(spare);
}

static void calls_and_streams_are_there_in_the_next_life(void **state)
{
    int spare;
    size_t n = 0;
    struct ledger *l = fresh(&spare);
    struct ledger_call *call = ledger_add_call(l, 17);
    struct ledger_stream *stream = ledger_add_stream(l, 17);

    (void)state;
    call->standing = true;
    call->record_size = 4;
    memcpy(call->record, "abcd", 4);
    stream->learn[1][0].accept.port = 5004;
    stream->figures[1].packets = 99;
    l = again(l, spare);
    call = ledger_next_call(l, &n);
    assert_non_null(call);
    assert_int_equal(call->id, 17);
    assert_true(call->standing);
    assert_view(((struct view){call->record, call->record_size}), "abcd");
    assert_null(ledger_next_call(l, &n));
    n = 0;
    stream = ledger_next_stream(l, &n);
    assert_non_null(stream);
    assert_int_equal(stream->call, 17);
    assert_int_equal(stream->learn[1][0].accept.port, 5004);
    assert_int_equal(stream->figures[1].packets, 99);
    ledger_close(l);
    close(spare);
}

static void what_was_dropped_is_gone_and_its_place_is_empty(void **state)
{
    int spare;
    struct ledger *l = fresh(&spare);
    struct ledger_call *call = ledger_add_call(l, 1);
    struct ledger_stream *stream = ledger_add_stream(l, 1);

    (void)state;
    assert_non_null(ledger_add_call(l, 2));
    call->standing = true;
    call->record_size = 9;
    stream->figures[0].packets = 5;
    ledger_drop_call(l, call);
    ledger_drop_stream(l, stream);
    l = again(l, spare);
    assert_int_equal(calls_count(l), 1);
    assert_int_equal(streams_count(l), 0);
    call = ledger_add_call(l, 3);
    assert_false(call->standing);
    assert_int_equal(call->record_size, 0);
    assert_int_equal(ledger_add_stream(l, 3)->figures[0].packets, 0);
    ledger_close(l);
    close(spare);
}

static void another_layout_is_made_anew(void **state)
{
    const uint64_t other = 12345;
    int spare;
    struct ledger *l = fresh(&spare);

    (void)state;
    for (off_t at = 0; at <= 8; at += 8) { /* the magic number; the layout */
        assert_non_null(ledger_add_call(l, 1));
        assert_non_null(ledger_add_stream(l, 1));
        assert_int_equal(pwrite(spare, &other, sizeof(other), at), sizeof(other));
        l = again(l, spare);
        assert_int_equal(calls_count(l), 0);
        assert_int_equal(streams_count(l), 0);
    }
    ledger_close(l);
    close(spare);
}

static void a_cut_one_is_made_anew(void **state)
{
    int spare;
    struct ledger *l = fresh(&spare);

    (void)state;
    assert_non_null(ledger_add_call(l, 1));
    ledger_close(l);
    assert_int_equal(ftruncate(spare, 100), 0);
    l = opened(fcntl(spare, F_DUPFD_CLOEXEC, 0));
    assert_int_equal(calls_count(l), 0);
    assert_non_null(ledger_add_call(l, 1));
    ledger_close(l);
    close(spare);
}

static void a_full_one_says_so_and_goes_on(void **state)
{
    int spare;
    size_t n = 0;
    struct ledger *l = fresh(&spare);

    (void)state;
    for (uint64_t i = 1; i <= CALLS_MAX; i++)
        if (!ledger_add_call(l, i))
            fail_msg("no room for call %lu", (unsigned long)i);
    assert_null(ledger_add_call(l, 1));
    for (uint64_t i = 1; i <= STREAMS_ALL; i++)
        if (!ledger_add_stream(l, i))
            fail_msg("no room for stream %lu", (unsigned long)i);
    assert_null(ledger_add_stream(l, 1));
    l = again(l, spare);
    assert_int_equal(calls_count(l), CALLS_MAX);
    assert_int_equal(streams_count(l), STREAMS_ALL);
    assert_null(ledger_add_call(l, 1));
    ledger_drop_call(l, ledger_next_call(l, &n));
    assert_non_null(ledger_add_call(l, 1));
    assert_null(ledger_add_call(l, 1));
    ledger_close(l);
    close(spare);
}

static void no_descriptor_is_an_error(void **state)
{
    struct ledger *l;

    (void)state;
    assert_int_equal(ledger_open(&l, -1), ERR_SYSTEM);
    assert_null(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(calls_and_streams_are_there_in_the_next_life),
        cmocka_unit_test(what_was_dropped_is_gone_and_its_place_is_empty),
        cmocka_unit_test(another_layout_is_made_anew),
        cmocka_unit_test(a_cut_one_is_made_anew),
        cmocka_unit_test(a_full_one_says_so_and_goes_on),
        cmocka_unit_test(no_descriptor_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
