/* What the service manager is told (sd_notify(3)); without systemd nothing happens. */
#ifndef OFFHOOK_SERVER_NOTIFY_H
#define OFFHOOK_SERVER_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
void notify_status(const char *status);
/* Microseconds within which notify_alive is awaited; 0: it is not. */
uint64_t notify_watchdog(void);

#endif
