/* What the service manager is told (sd_notify(3)); without systemd nothing happens. */
#ifndef OFFHOOK_SERVER_NOTIFY_H
#define OFFHOOK_SERVER_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);
void notify_status(const char *status);
/* Asks it to keep these descriptors for the next start, under a name of letters, digits and '-',
 * also if they show an error: a socket does when a phone is gone. */
void notify_store(const char *name, const int *fds, unsigned count);
/* Hands over each descriptor that it has kept, and its name; each owns it from then on. */
void notify_stored(void (*each)(void *arg, const char *name, int fd), void *arg);
/* Microseconds within which notify_alive is awaited; 0: it is not. */
uint64_t notify_watchdog(void);

#endif
