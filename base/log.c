/* Log lines: under a journal "<priority>role: text", on a terminal with time and level. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

_Atomic enum log_level log_level = LOG_LEVEL_INFO;

static const char *log_role = "offhook";
static bool in_journal;

static const struct {
    const char *name;
    int priority; /* of syslog(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_open(const char *role, enum log_level level)
{
    log_role = role;
    log_level = level;
    in_journal = getenv("JOURNAL_STREAM") != NULL;
}

static int line_begin(char *line, size_t size, enum log_level level)
{
    struct timeval now;
    struct tm utc;
    char stamp[32];

    if (in_journal)
        return snprintf(line, size, "<%d>%s: ", levels[level].priority, log_role);
    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    return snprintf(line, size, "%s.%03dZ %s %s: ", stamp, (int)(now.tv_usec / 1000),
                    levels[level].name, log_role);
}

/* What strangers sent may be in the text: control characters must not forge lines. */
static void line_clean(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
}

static void line_write(enum log_level level, int saved_errno, bool with_errno, const char *format,
                       va_list args) __attribute__((format(printf, 4, 0)));

static void line_write(enum log_level level, int saved_errno, bool with_errno, const char *format,
                       va_list args)
{
    char line[LINE_MAX_BYTES];
    size_t room = sizeof(line) - 1, n = (size_t)line_begin(line, room, level), start = n;

    n += (size_t)vsnprintf(line + n, room - n, format, args);
    if (n >= room)
        n = room - 1;
    if (with_errno)
        n += (size_t)snprintf(line + n, room - n, ": %s", strerror(saved_errno));
    if (n >= room)
        n = room - 1;
    line_clean(line + start, n - start);
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, n) < 0) {
        /* nobody left to tell */
    }
}

void log_write(enum log_level level, const char *format, ...)
{
    va_list args;

    if (log_level < level)
        return;
    va_start(args, format);
    line_write(level, 0, false, format, args);
    va_end(args);
}

void log_errno(const char *format, ...)
{
    int saved = errno;
    va_list args;

    va_start(args, format);
    line_write(LOG_LEVEL_ERROR, saved, true, format, args);
    va_end(args);
    errno = saved;
}
