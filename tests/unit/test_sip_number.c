/* Unit tests of sip/number.c: telephone numbers and other user parts. */
#include "sip/number.h"
#include "tests/unit/check.h"

static void numbers_lose_their_separators(void **state)
{
    static const struct {
        const char *user;
        bool telephone, valid;
        const char *canonical; /* NULL: ERR_SYNTAX */
    } rows[] = {
        {"5550141", true, true, "5550141"},
        {"555-0141", true, true, "5550141"},
        {"(555) 01.41", true, true, "5550141"},
        {"+1 (555) 0141", true, true, "+15550141"},
        {"*70#", true, true, "*70#"},
        {"112", true, true, "112"},
        {"1+2", false, true, "1+2"},
        {"+", false, true, "+"},
        {"-.-", false, true, "-.-"},
        {"alice", false, true, "alice"},
        {"a-b.c", false, true, "a-b.c"},
        {"Alice", false, true, "Alice"},
        {"a b", false, false, "a b"},
        {"a@b", false, false, "a@b"},
        {"a%20b", false, false, "a%20b"},
        {"", false, false, NULL},
    };
    char out[NUMBER_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct view user = view_of(rows[i].user);

        assert_row(rows[i].user, number_is_telephone(user) == rows[i].telephone);
        assert_row(rows[i].user, number_is_valid(user) == rows[i].valid);
        assert_row(rows[i].user,
                   number_canonical(user, out) == (rows[i].canonical ? OK : ERR_SYNTAX));
        if (rows[i].canonical)
            assert_string_equal(out, rows[i].canonical);
    }
}

static void length_and_nul_are_limits(void **state)
{
    char user[2 * NUMBER_MAX], out[NUMBER_MAX];

    (void)state;
    memset(user, '7', sizeof(user));
    assert_int_equal(number_canonical((struct view){user, NUMBER_MAX - 1}, out), OK);
    assert_int_equal(strlen(out), NUMBER_MAX - 1);
    assert_true(number_is_valid((struct view){user, NUMBER_MAX - 1}));
    assert_int_equal(number_canonical((struct view){user, NUMBER_MAX}, out), ERR_LIMIT);
    assert_false(number_is_valid((struct view){user, NUMBER_MAX}));
    for (size_t i = 0; i < sizeof(user); i += 2) /* separators take no room */
        user[i] = '-';
    assert_int_equal(number_canonical((struct view){user, 2 * NUMBER_MAX - 2}, out), OK);
    assert_int_equal(number_canonical(VIEW("1\0002"), out), ERR_SYNTAX);
    assert_false(number_is_valid(VIEW("a\0b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_lose_their_separators),
        cmocka_unit_test(length_and_nul_are_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
