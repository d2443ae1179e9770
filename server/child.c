/* Starting roles: this program executed again, with nothing but a channel. */
#include "server/child.h"

#include <config.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARENT_FD   3
#define WAIT_FIRST  100  /* ms */
#define WAIT_MOST   5000 /* ms */
#define DEATHS_SPAN 60000

const char *role_name(enum role role)
{
    static const char *const names[ROLES] = {
        [ROLE_KEEPER] = "keeper", [ROLE_MEDIA] = "media", [ROLE_SIP] = "sip"};

    return names[role];
}

/* What a role may know of the parent's environment: its log's shape, and how to check itself. */
static void environment_keep(const char *kept[8])
{
    static const char *const names[] = {"JOURNAL_STREAM",
#ifdef WITH_SANITIZERS
                                        "ASAN_OPTIONS",
                                        "UBSAN_OPTIONS",
                                        "LSAN_OPTIONS",
                                        "ASAN_SYMBOLIZER_PATH",
#endif
                                        NULL};
    extern char **environ;
    size_t n = 0;
    for (char **e = environ; e && *e; e++)
        for (size_t i = 0; names[i]; i++) {
            size_t length = strlen(names[i]);
            if (n < 7 && !strncmp(*e, names[i], length) && (*e)[length] == '=')
                kept[n++] = *e;
        }
    kept[n] = NULL;
}

/* In the new process: only calls that are safe after fork. */
static void child_execute(int channel, char *const argv[], char *const env[])
{
    if (channel == PARENT_FD)
        fcntl(channel, F_SETFD, 0);
    else
        dup2(channel, PARENT_FD);
    close_range(PARENT_FD + 1, ~0U, 0);
    execve("/proc/self/exe", argv, env);
    _exit(127);
}

enum error child_spawn(struct child *c, struct event_base *base,
                       const struct channel_handler *handler)
{
    int fds[2];
    char title[32], name[16];
    const char *env[8];
    snprintf(title, sizeof title, "offhookd: %s", role_name(c->role));
    snprintf(name, sizeof name, "%s", role_name(c->role));
    char *argv[] = {title, "--role", name, NULL};
    environment_keep(env);
    enum error e = channel_pair(fds);
    if (e)
        return e;
    e = channel_new(&c->channel, base, fds[0], handler);
    if (e)
        close(fds[0]);
    pid_t pid = e ? -1 : fork();
    if (pid == 0)
        child_execute(fds[1], argv, (char *const *)env);
    close(fds[1]);
    if (pid < 0) {
        child_close(c);
        return e ? e : ERR_SYSTEM;
    }
    c->pid = pid;
    c->starts++;
    c->ready = false;
    c->started = c->answered = clock_ms();
    return OK;
}

void child_send(struct child *c, enum role_message type, uint64_t id, struct view body, int fd)
{
    if (c->channel && channel_send(c->channel, (uint16_t)type, id, body, fd))
        log_error("a message to the %s role was lost: its channel is full", role_name(c->role));
}

void child_close(struct child *c)
{
    channel_free(c->channel);
    c->channel = NULL;
    c->ready = false;
}

bool child_died(struct child *c, int wait_status, char why[64])
{
    uint64_t now = clock_ms(), *oldest = &c->deaths[c->death_count % CHILD_DEATHS];
    bool often = c->death_count >= CHILD_DEATHS - 1 &&
                 now - c->deaths[(c->death_count + 1) % CHILD_DEATHS] < DEATHS_SPAN;
    if (c->failures)
        often = false;
    else
        *oldest = now;
    c->death_count += !c->failures;
    if (WIFSIGNALED(wait_status))
        snprintf(why, 64, "signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    else
        snprintf(why, 64, "exit status %d", WEXITSTATUS(wait_status));
    bool long_life = now - c->started > DEATHS_SPAN;
    c->wait = long_life || !c->wait ? WAIT_FIRST : c->wait * 2;
    if (c->wait > WAIT_MOST || c->failures)
        c->wait = WAIT_MOST;
    c->pid = 0;
    child_close(c);
    return often;
}
