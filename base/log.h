/* One line an event on stderr: time, level, role; with journal priorities under systemd. */
#ifndef OFFHOOK_BASE_LOG_H
#define OFFHOOK_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

extern _Atomic enum log_level log_level; /* a reload may change it under another thread */

/* Names this process in its lines ("parent", "keeper", "sip"); role must outlive the process. */
void log_open(const char *role, enum log_level level);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* log_write with ": " and the text of errno. */
void log_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_if(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_if(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_if(level, ...)                                                                         \
    do {                                                                                           \
        if (log_level >= (level))                                                                  \
            log_write((level), __VA_ARGS__);                                                       \
    } while (0)

#endif
