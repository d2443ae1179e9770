/* Lists for people and for programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const struct output_column columns[] = {
    {"NUMBER", "number", false},
    {"NAME", "name", false},
    {"EXPIRES", "expires", true},
};

/* Lists the rows of a JSON text; the caller frees the result. */
static char *list(const char *rows, bool json)
{
    struct output o;
    char *text = NULL;
    size_t size = 0, index;
    json_t *row, *all = json_loads(rows, 0, NULL);
    FILE *to = open_memstream(&text, &size);
    assert_non_null(all);
    assert_non_null(to);
    assert_int_equal(output_begin(&o, to, json, columns, 3), OK);
    json_array_foreach(all, index, row) assert_true(output_item(&o, row));
    output_end(&o);
    fclose(to);
    json_decref(all);
    return text;
}

static void expect(const char *rows, bool json, const char *wanted)
{
    char *text = list(rows, json);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_aligned(void **state)
{
    (void)state;
    expect("[{\"number\":\"1\",\"name\":\"J\\u00fcrgen\",\"expires\":59},"
           " {\"number\":\"55500012\",\"name\":\"\",\"expires\":3599}]",
           false,
           "NUMBER    NAME    EXPIRES\n"
           "1         J\xc3\xbcrgen  59s\n"
           "55500012  -       59m 59s\n");
}

static void test_empty(void **state)
{
    (void)state;
    expect("[]", false, "");
    expect("[]", true, "[]\n");
}

static void test_json(void **state)
{
    (void)state;
    expect("[{\"number\":\"1\"},{\"number\":\"2\"}]", true,
           "[\n {\"number\":\"1\"},\n {\"number\":\"2\"}\n]\n");
}

static void test_no_control_characters(void **state)
{
    (void)state;
    expect("[{\"number\":\"1\",\"name\":\"a\\u001b[2Jb\\u009bc\\nd\",\"expires\":1}]", false,
           "NUMBER  NAME        EXPIRES\n"
           "1       a?[2Jb?c?d  1s\n");
}

static void test_duration(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {{0, "0s"},
                 {59, "59s"},
                 {60, "1m 00s"},
                 {3599, "59m 59s"},
                 {3600, "1h 00m"},
                 {86399, "23h 59m"},
                 {273600 + 720, "3d 04h 12m"}};
    char text[48];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        output_duration(cases[i].seconds, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aligned),  cmocka_unit_test(test_empty),
        cmocka_unit_test(test_json),     cmocka_unit_test(test_no_control_characters),
        cmocka_unit_test(test_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
