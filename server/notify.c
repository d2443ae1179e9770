/* The service manager's notices. */
#include "server/notify.h"

#include <config.h>
#include <inttypes.h>
#include <time.h>

#ifdef HAVE_SYSTEMD
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reading the configuration",
               (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=Stopping");
}

void notify_alive(void)
{
    sd_notify(0, "WATCHDOG=1");
}

void notify_status(const char *status)
{
    sd_notifyf(0, "STATUS=%s", status);
}

void notify_store(const char *name, const int *fds, unsigned count)
{
    char state[128];
    snprintf(state, sizeof state, "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
    sd_pid_notify_with_fds(0, 0, state, fds, count);
}

void notify_stored(void (*each)(void *arg, const char *name, int fd), void *arg)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    for (int i = 0; i < count; i++) {
        each(arg, names[i], SD_LISTEN_FDS_START + i);
        free(names[i]);
    }
    free(names);
}

uint64_t notify_watchdog(void)
{
    uint64_t usec = 0;
    return sd_watchdog_enabled(0, &usec) > 0 ? usec : 0;
}
#else
void notify_ready(const char *status)
{
    (void)status;
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_alive(void)
{
}

void notify_status(const char *status)
{
    (void)status;
}

void notify_store(const char *name, const int *fds, unsigned count)
{
    (void)name;
    (void)fds;
    (void)count;
}

void notify_stored(void (*each)(void *arg, const char *name, int fd), void *arg)
{
    (void)each;
    (void)arg;
}

uint64_t notify_watchdog(void)
{
    return 0;
}
#endif
