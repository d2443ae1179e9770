/* Points in time as people type them, in a zone with summer time. */
#include <time.h>

#include "cli/cli.h"
#include "tests/unit/check.h"

#define NOW_MS 1795000000000

static void moments_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"2026-11-26T10:00:00Z", 1795687200000},
        {"2026-11-26T10:00Z", 1795687200000},
        {"2026-11-26T11:00:00", 1795687200000},
        {"2026-11-26", 1795647600000},
        {"2026-07-01", 1782856800000},
        {"2026-11-26T00:00", 1795647600000},
        {"1970-01-01T00:00:00Z", 0},
        {"45s", NOW_MS - 45000},
        {"30m", NOW_MS - 1800000},
        {"2h", NOW_MS - 7200000},
        {"3d", NOW_MS - 259200000},
        {"0s", NOW_MS},
        {"999999d", 0},
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ms = -1;
        assert_row(rows[i].text, moment_read(rows[i].text, NOW_MS, &ms));
        assert_row(rows[i].text, ms == rows[i].ms);
    }
}

static void other_texts_are_none(void **state)
{
    static const char *const rows[] = {
        "",
        "Z",
        "yesterday",
        "2h30m",
        "h",
        "-2h",
        "2 h",
        "2w",
        "2026-02-31",
        "2026-13-1",
        "2026-1-2",
        "2026-11-26T25:00",
        "2026-11-26 10:00",
        "2026-11-26T10:00:00+01:00",
        "20261126",
        " 2026-11-6",
        "1969-01-01T00:00Z",
        "99999999999h",
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_row(rows[i], !moment_read(rows[i], NOW_MS, &ms));
}

static void moments_are_shown(void **state)
{
    char text[MOMENT_TEXT];

    (void)state;
    moment_local(1795687200999, text);
    assert_string_equal(text, "2026-11-26 11:00:00");
    moment_utc(1795687200009, text);
    assert_string_equal(text, "2026-11-26T10:00:00.009Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_read),
        cmocka_unit_test(other_texts_are_none),
        cmocka_unit_test(moments_are_shown),
    };

    if (setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) != 0)
        return 1;
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
