/* A user list in CSV: lines, quotes, and what is said about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const char *split(const char *text, struct csv_record *record)
{
    static char line[CSV_LINE_MAX + 1];
    snprintf(line, sizeof(line), "%s", text);
    return csv_split(line, record);
}

static void expect(const char *text, const char *number, const char *password, const char *name)
{
    struct csv_record r;
    assert_null(split(text, &r));
    assert_string_equal(r.fields[0], number);
    assert_string_equal(r.fields[1], password);
    assert_string_equal(r.fields[2], name);
}

static void expect_problem(const char *text, const char *part)
{
    struct csv_record r;
    const char *problem = split(text, &r);
    assert_non_null(problem);
    assert_non_null(strstr(problem, part));
}

static void test_values(void **state)
{
    (void)state;
    expect("5550001,secret", "5550001", "secret", "");
    expect("5550001,secret,", "5550001", "secret", "");
    expect("5550001,secret,Bob Miller", "5550001", "secret", "Bob Miller");
    expect("\"555-0001\",\"a,b\",\"\"", "555-0001", "a,b", "");
    expect("1,\"a \"\"b\"\" c\",\"Miller, Bob\"", "1", "a \"b\" c", "Miller, Bob");
    expect("1,\"\"\"\",x", "1", "\"", "x");
    expect("1, s ,\xc3\xbc", "1", " s ", "\xc3\xbc");
}

static void test_problems(void **state)
{
    (void)state;
    expect_problem("5550001", "password is missing");
    expect_problem("", "password is missing");
    expect_problem(",secret", "number is empty");
    expect_problem("5550001,,Bob", "password is empty");
    expect_problem("1,2,3,4", "more than three");
    expect_problem("1,2,3,", "more than three");
    expect_problem("1,\"2", "not closed");
    expect_problem("1,\"", "not closed");
    expect_problem("1,\"2\"3", "follows a closing quote");
    expect_problem("1,a\"b\"", "inside a value");
}

static void test_title(void **state)
{
    struct csv_record r;
    (void)state;
    assert_null(split("number,password,name", &r));
    assert_true(csv_is_title(&r));
    assert_null(split("Number,\"Password\"", &r));
    assert_true(csv_is_title(&r));
    assert_null(split("number,secret", &r));
    assert_false(csv_is_title(&r));
}

static void test_lines(void **state)
{
    (void)state;
    static char text[3 * CSV_LINE_MAX];
    char line[CSV_LINE_MAX + 1];
    size_t n = (size_t)snprintf(text, sizeof(text), "a,b\r\n\nnul");
    text[n++] = '\0';
    text[n++] = '\n';
    memset(text + n, 'x', CSV_LINE_MAX + 1);
    n += CSV_LINE_MAX + 1;
    n += (size_t)snprintf(text + n, sizeof(text) - n, "\ncarriage\rreturn\nta\tb");
    n += (size_t)snprintf(text + n, sizeof(text) - n, "\nlast,line");
    FILE *in = fmemopen(text, n, "r");
    assert_non_null(in);
    assert_int_equal(csv_line(in, line), 1);
    assert_string_equal(line, "a,b");
    assert_int_equal(csv_line(in, line), 1);
    assert_string_equal(line, "");
    for (int i = 0; i < 4; i++)
        assert_int_equal(csv_line(in, line), -1);
    assert_int_equal(csv_line(in, line), 1);
    assert_string_equal(line, "last,line");
    assert_int_equal(csv_line(in, line), 0);
    fclose(in);
}

static void expect_cell(const char *text, const char *wanted)
{
    char *written = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size);
    assert_non_null(to);
    csv_cell(to, text, ',');
    csv_cell(to, "", '\n');
    fclose(to);
    assert_string_equal(written, wanted);
    free(written);
}

static void test_cells(void **state)
{
    (void)state;
    expect_cell("", ",\r\n");
    expect_cell("sip:5550001@b.com", "sip:5550001@b.com,\r\n");
    expect_cell("Miller, Bob", "\"Miller, Bob\",\r\n");
    expect_cell("a \"b\" c", "\"a \"\"b\"\" c\",\r\n");
    expect_cell("J\xc3\xbcrgen", "J\xc3\xbcrgen,\r\n");
    expect_cell("a\r\nb\x1b[2J\xc2\x9b", "a??b?[2J?,\r\n");
}

static void test_cells_are_no_formulas(void **state)
{
    (void)state;
    expect_cell("=1+1", "'=1+1,\r\n");
    expect_cell("+1555", "'+1555,\r\n");
    expect_cell("-1", "'-1,\r\n");
    expect_cell("@SUM(1,2)", "\"'@SUM(1,2)\",\r\n");
    expect_cell("\t=1", "?=1,\r\n");
    expect_cell("1=1", "1=1,\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_problems),
        cmocka_unit_test(test_title),  cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cells),  cmocka_unit_test(test_cells_are_no_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
