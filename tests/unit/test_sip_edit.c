/* Unit tests of sip/edit.c: splicing. */
#include "sip/edit.h"
#include "tests/unit/check.h"

static const struct view original = {"0123456789", 10};

static struct view part(size_t from, size_t n)
{
    return (struct view){original.p + from, n};
}

static void assert_result(struct edits *e, const char *want)
{
    char bytes[64];
    struct text out = TEXT(bytes);

    assert_int_equal(edits_apply(e, &out), OK);
    assert_view(text_done(&out), want);
}

static void nothing_edited_is_nothing_changed(void **state)
{
    struct edits e;

    (void)state;
    edits_begin(&e, original);
    assert_result(&e, "0123456789");
}

static void edits_come_in_any_order(void **state)
{
    struct edits e;

    (void)state;
    edits_begin(&e, original);
    edits_replace(&e, part(8, 2), VIEW("end"));
    edits_replace(&e, part(0, 1), VIEW(""));
    edits_insert(&e, original.p + 5, VIEW("<"));
    edits_replace(&e, part(3, 2), VIEW("x"));
    edits_insert(&e, original.p + 5, VIEW(">"));
    assert_result(&e, "12x<>567end");
}

static void insertions_fit_at_both_ends(void **state)
{
    struct edits e;

    (void)state;
    edits_begin(&e, original);
    edits_insert(&e, original.p + original.n, VIEW("]"));
    edits_insert(&e, original.p, VIEW("["));
    assert_result(&e, "[0123456789]");
}

static void overlaps_and_strangers_are_refused(void **state)
{
    char bytes[64];
    struct text out = TEXT(bytes);
    struct edits e;

    (void)state;
    edits_begin(&e, original);
    edits_replace(&e, part(2, 4), VIEW("a"));
    edits_replace(&e, part(5, 2), VIEW("b"));
    assert_int_equal(edits_apply(&e, &out), ERR_LIMIT);
    edits_begin(&e, part(2, 4));
    edits_replace(&e, part(5, 2), VIEW("b"));
    assert_int_equal(edits_apply(&e, &out), ERR_LIMIT);
    edits_begin(&e, part(2, 4));
    edits_replace(&e, part(1, 2), VIEW("b"));
    assert_int_equal(edits_apply(&e, &out), ERR_LIMIT);
}

static void room_is_limited(void **state)
{
    char bytes[11];
    struct text out = TEXT(bytes);
    struct edits e;

    (void)state;
    edits_begin(&e, original);
    edits_insert(&e, original.p, VIEW("+"));
    assert_int_equal(edits_apply(&e, &out), OK);
    out = TEXT(bytes);
    edits_insert(&e, original.p, VIEW("+"));
    assert_int_equal(edits_apply(&e, &out), ERR_LIMIT);
    for (int i = 2; i < EDITS_MAX; i++)
        edits_insert(&e, original.p, VIEW(""));
    assert_false(e.full);
    edits_insert(&e, original.p, VIEW(""));
    assert_true(e.full);
    assert_int_equal(edits_apply(&e, &out), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_edited_is_nothing_changed),
        cmocka_unit_test(edits_come_in_any_order),
        cmocka_unit_test(insertions_fit_at_both_ends),
        cmocka_unit_test(overlaps_and_strangers_are_refused),
        cmocka_unit_test(room_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
