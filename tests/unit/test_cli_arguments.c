/* The command line: options in any order, wrong ones refused, passwords wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

static const struct command command = {
    .words = "user add", .usage = "", .options = "password= name= quiet", .min = 1, .max = 1};

static char storage[8][32];

/* Parses words, ended by NULL. */
static bool parse(struct cli *cli, char problem[256], const char *const *words)
{
    char *argv[8];
    int argc = 0;
    for (; words[argc]; argc++) {
        snprintf(storage[argc], sizeof(storage[argc]), "%s", words[argc]);
        argv[argc] = storage[argc];
    }
    *cli = (struct cli){.command = &command};
    bool good = arguments_parse(cli, argc, argv, problem);
    if (good && cli->argument_count)
        assert_string_equal(cli->arguments[0], "5550001");
    return good;
}

static void test_options(void **state)
{
    struct cli cli;
    char problem[256];
    (void)state;
    assert_true(parse(
        &cli, problem,
        (const char *const[]){"--name=Bob", "5550001", "--quiet", "--json", "-c", "file", NULL}));
    assert_string_equal(cli_option(&cli, "name"), "Bob");
    assert_string_equal(cli_option(&cli, "quiet"), "");
    assert_null(cli_option(&cli, "password"));
    assert_true(cli.json);
    assert_string_equal(cli.config_path, "file");
    cli_close(&cli);
}

static void test_password_is_wiped(void **state)
{
    struct cli cli;
    char problem[256];
    (void)state;
    assert_true(parse(&cli, problem, (const char *const[]){"5550001", "--password", "hush", NULL}));
    assert_string_equal(cli_option(&cli, "password"), "hush");
    assert_string_equal(storage[2], "");
    cli_close(&cli);
    assert_true(parse(&cli, problem, (const char *const[]){"--password=hush", "5550001", NULL}));
    assert_string_equal(cli_option(&cli, "password"), "hush");
    assert_string_equal(storage[0], "--password=");
    cli_close(&cli);
}

static void test_dashes_end_options(void **state)
{
    struct cli cli;
    char problem[256];
    (void)state;
    assert_true(parse(&cli, problem, (const char *const[]){"--", "5550001", NULL}));
    cli_close(&cli);
    assert_false(parse(&cli, problem, (const char *const[]){"5550001", "--", "--quiet", NULL}));
    assert_non_null(strstr(problem, "too much"));
    cli_close(&cli);
}

static void test_wrong(void **state)
{
    static const char *const cases[][4] = {
        {"--nme", "x", "5550001"},
        {"5550001", "--name"},
        {"5550001", "--quiet=1"},
        {"5550001", "-x"},
        {"5550001", "-c"},
        {"5550001", "5550002"},
        {"--json=1", "5550001"},
        {"--passwords=x", "5550001"},
        {NULL},
    };
    struct cli cli;
    char problem[256];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(parse(&cli, problem, cases[i]));
        assert_true(problem[0] != '\0');
        cli_close(&cli);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_password_is_wiped),
        cmocka_unit_test(test_dashes_end_options),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
