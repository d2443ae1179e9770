/* Unit tests of sip/display.c: names as quoted strings. */
#include "sip/display.h"

#include <stdio.h>

#include "sip/header.h"
#include "tests/unit/check.h"

static void assert_quoted(struct view name, const char *want)
{
    char bytes[512];
    struct text out = TEXT(bytes);

    display_write(&out, name);
    assert_view(text_done(&out), want);
    assert_true(header_balanced(text_done(&out)));
}

static void names_are_quoted(void **state)
{
    (void)state;
    assert_quoted(VIEW("Anna Berg"), "\"Anna Berg\"");
    assert_quoted(VIEW(""), "\"\"");
    assert_quoted(VIEW("a, b;c <sip:x>"), "\"a, b;c <sip:x>\"");
    assert_quoted(VIEW("the \"boss\""), "\"the \\\"boss\\\"\"");
    assert_quoted(VIEW("back\\slash\\"), "\"back\\\\slash\\\\\"");
}

static void no_name_ends_the_line(void **state)
{
    (void)state;
    assert_quoted(VIEW("a\r\nP-Asserted-Identity: <sip:b>"), "\"aP-Asserted-Identity: <sip:b>\"");
    assert_quoted(VIEW("\r\n\t\0\x7f"), "\"\"");
}

static void names_are_utf8(void **state)
{
    (void)state;
    assert_quoted(VIEW("J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80"),
                  "\"J\xc3\xb6rg \xe2\x82\xac \xf0\x9f\x98\x80\"");
    assert_quoted(VIEW("J\xf6rg"), "\"J?rg\"");               /* Latin-1 */
    assert_quoted(VIEW("\xc0\xa2\xe0\x80\xa2"), "\"?????\""); /* a quote in overlong forms */
    assert_quoted(VIEW("\xed\xa0\x80"), "\"???\"");           /* a surrogate */
    assert_quoted(VIEW("\xf4\x90\x80\x80\xf5"), "\"?????\"");
    assert_quoted(VIEW("a\xc3"), "\"a?\"");
    assert_quoted(VIEW("a\xe2\x82\"b"), "\"a??\\\"b\"");
}

static void long_names_are_cut_between_characters(void **state)
{
    char name[2 * DISPLAY_MAX], want[2 * DISPLAY_MAX + 3], bytes[8];
    struct text out = TEXT(bytes);

    (void)state;
    memset(name, 'n', sizeof(name));
    snprintf(want, sizeof(want), "\"%.*s\"", DISPLAY_MAX, name);
    assert_quoted((struct view){name, DISPLAY_MAX}, want);
    assert_quoted((struct view){name, sizeof(name)}, want);
    memcpy(name + DISPLAY_MAX - 1, "\xc3\xb6", 2);
    snprintf(want, sizeof(want), "\"%.*s\"", DISPLAY_MAX - 1, name);
    assert_quoted((struct view){name, sizeof(name)}, want);
    display_write(&out, (struct view){name, sizeof(name)});
    assert_true(out.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_quoted),
        cmocka_unit_test(no_name_ends_the_line),
        cmocka_unit_test(names_are_utf8),
        cmocka_unit_test(long_names_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
