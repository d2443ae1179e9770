/* Moments as people type them, and as lists show them. */
#include "cli/cli.h"

#include <string.h>
#include <time.h>

/* "2h" before now. */
static bool ago_read(const char *text, int64_t now, int64_t *out)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    size_t digits = strspn(text, "0123456789");
    const char *unit = text[digits] && !text[digits + 1] ? strchr(units, text[digits]) : NULL;
    uint64_t n;

    if (!unit || !view_number((struct view){text, digits}, 1000000000, &n))
        return false;
    *out = now - (int64_t)n * seconds[unit - units] * 1000;
    if (*out < 0)
        *out = 0;
    return true;
}

/* Days and hours that there are: what is read has to be written in the same way again. */
static bool calendar_read(const char *text, struct tm *out)
{
    struct tm again;
    char written[32] = "";
    const char *end;

    *out = (struct tm){.tm_isdst = 0};
    end = strptime(text, "%Y-%m-%dT%H:%M:%S", out);
    if (!end || *end)
        return false;
    again = *out;
    return timegm(&again) >= 0 && strftime(written, sizeof(written), "%Y-%m-%dT%H:%M:%S", &again) &&
           strcmp(written, text) == 0;
}

/* A date with nothing, minutes or seconds behind it, and a Z when it is UTC. */
static bool date_read(const char *text, int64_t *out)
{
    char whole[] = "YYYY-MM-DDT00:00:00";
    size_t n = strlen(text);
    bool utc = n && text[n - 1] == 'Z';
    struct tm tm;

    n -= utc;
    if (n != 10 && n != 16 && n != 19)
        return false;
    memcpy(whole, text, n);
    if (!calendar_read(whole, &tm))
        return false;
    tm.tm_isdst = -1;
    *out = (int64_t)(utc ? timegm(&tm) : mktime(&tm)) * 1000;
    return true;
}

bool moment_read(const char *text, int64_t now, int64_t *out)
{
    return (ago_read(text, now, out) || date_read(text, out)) && *out >= 0;
}

void moment_local(int64_t ms, char text[MOMENT_TEXT])
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    text[0] = 0;
    if (localtime_r(&t, &tm))
        (void)strftime(text, MOMENT_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
}

void moment_utc(int64_t ms, char text[MOMENT_TEXT])
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    size_t n;

    text[0] = 0;
    if (!gmtime_r(&t, &tm))
        return;
    n = strftime(text, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, MOMENT_TEXT - n, ".%03dZ", (int)(ms % 1000));
}
