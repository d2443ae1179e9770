/* The parent: opens everything, then looks after the roles until it is told to stop. */
#include "server/parent.h"

#include <config.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/capability.h"
#include "server/daemon.h"
#include "server/listener.h"
#include "server/notify.h"
#include "server/tls_files.h"

#define STOP_WAIT  5 /* s until roles that do not end are killed */
#define OPEN_FILES 262144

static void role_begin(struct daemon *d, struct child *c);

/* configuration */

struct config *daemon_configure(const char *path, config_problem *problem, void *arg)
{
    const char *file = path ? path : config_default_path();
    char text[600], *bytes;
    size_t size;
    if (config_read(path, &bytes, &size)) {
        snprintf(text, sizeof text, "%.400s cannot be read: %s", file, strerror(errno));
        problem(arg, text);
        return NULL;
    }
    struct config *c = config_parse(file, bytes, size, problem, arg);
    free(bytes);
    return c;
}

static void line_pack(void *arg, const char *text)
{
    pack_bytes(arg, text, strlen(text));
    pack_bytes(arg, "\n", 1);
}

enum error daemon_text(const struct daemon *d, const struct config *config, struct pack *out)
{
    size_t n = strlen(d->file) < 250 ? strlen(d->file) : 250;
    pack_u16(out, (uint16_t)n);
    pack_bytes(out, d->file, n);
    config_dump(config, line_pack, out);
    if (out->error)
        return out->error;
    return out->n > CHANNEL_MESSAGE_MAX ? ERR_LIMIT : OK;
}

static void problem_print(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

static void warning_log(void *arg, const char *text)
{
    (void)arg;
    log_warning("%s", text);
}

/* Said once all works, so that a failed start says nothing but why. */
static void warnings_log(const struct daemon *d)
{
    const struct config *c = d->config;
    if (geteuid() != 0)
        log_warning("started as an ordinary user: all roles share its account, so that whoever "
                    "breaks into one can read the database; start as root to separate them");
    else if (!strcmp(c->user, "root") || !strcmp(c->keeper_user, "root"))
        log_warning("a role runs as root, which weakens its sandbox; set user and keeper-user to "
                    "accounts of their own");
    else if (!strcmp(c->user, c->keeper_user))
        log_warning("user and keeper-user are the same account: the sip role could read the "
                    "database; give the keeper its own");
    if (!c->sandbox)
        log_warning("sandbox = off: the roles may do all that their account may");
    config_warnings(c, warning_log, NULL);
}

/* the end */

static void roles_signal(struct daemon *d, int signal_number)
{
    for (int i = 0; i < ROLES; i++)
        if (d->children[i].pid > 0)
            kill(d->children[i].pid, signal_number);
}

static void on_stop_timeout(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    log_warning("a role did not end within %d s and is killed", STOP_WAIT);
    roles_signal(arg, SIGKILL);
}

static void end_when_alone(struct daemon *d)
{
    for (int i = 0; i < ROLES; i++)
        if (d->children[i].pid > 0)
            return;
    event_base_loopbreak(d->base);
}

void daemon_stop(struct daemon *d, int status)
{
    const struct timeval wait = {STOP_WAIT, 0};
    if (!d->status)
        d->status = status;
    if (d->stopping)
        return;
    d->stopping = true;
    notify_stopping();
    for (int i = ROLES - 1; i >= 0; i--) { /* sip first: it need not hear that the keeper went */
        event_del(d->children[i].restart);
        child_send(&d->children[i], ROLE_STOP, 0, VIEW_NONE, -1);
    }
    evtimer_add(d->kill, &wait);
    end_when_alone(d);
}

/* A start that fails says one line, without date or level. */
static void daemon_fail(struct daemon *d, const char *text, size_t n)
{
    if (d->ready)
        log_error("%.*s", (int)n, text);
    else if (!d->status)
        fprintf(stderr, "offhookd: %.*s\n", (int)n, text);
}

/* messages from the roles */

/* The sip role has a channel to each of the others, made anew when either end is. */
static void peer_connect(struct daemon *d, enum role other)
{
    const uint8_t names[2] = {other, ROLE_SIP};
    struct child *ends[2] = {&d->children[ROLE_SIP], &d->children[other]};
    int fds[2];
    if (channel_pair(fds)) {
        log_errno("the roles cannot be connected");
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct view name = {(const char *)&names[i], 1};
        child_send(ends[i], ROLE_PEER, 0, name, fds[i]);
        close(fds[i]);
    }
    d->unlinked[other] = false;
}

static void peers_connect(struct daemon *d)
{
    for (int i = 0; i < ROLES; i++)
        if (i != ROLE_SIP && d->unlinked[i] && d->children[i].ready && d->children[ROLE_SIP].ready)
            peer_connect(d, (enum role)i);
}

static void role_ready(struct daemon *d, struct child *c)
{
    c->ready = true;
    c->failures = 0;
    for (int i = 0; i < ROLES; i++)
        d->unlinked[i] |= c->role == ROLE_SIP || (int)c->role == i;
    if (d->ready) {
        log_info("the %s role is back", role_name(c->role));
        peers_connect(d);
    }
    for (int i = 0; i < ROLES; i++)
        if (!d->children[i].ready)
            return;
    peers_connect(d);
    if (d->ready) {
        notify_status("Answering SIP");
        return;
    }
    d->ready = true;
    warnings_log(d);
    for (size_t i = 0; i < d->config->listen_count; i++)
        log_info("listening on %s", d->config->listens[i].text);
    log_info("offhookd %s is ready for %s", PACKAGE_VERSION, d->config->domains[0]);
    notify_ready("Answering SIP");
}

static void role_failed(struct daemon *d, struct child *c, struct view why)
{
    if (d->ready) { /* calls go on; it is tried again every few seconds, and told once */
        if (!c->failures++)
            log_error("the %s role cannot go on: %.*s", role_name(c->role), VIEW_ARG(why));
        return;
    }
    daemon_fail(d, why.p, why.n);
    daemon_stop(d, 1);
}

static void stream_give(struct child *c, const struct channel_message *m)
{
    struct view rest = m->body;
    bool bad = false;
    int family = unpack_u8(&rest, &bad) == 6 ? AF_INET6 : AF_INET;
    int fd = bad ? -1 : socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    child_send(c, ROLE_STREAM, m->id, VIEW_NONE, fd);
    if (fd >= 0)
        close(fd);
}

/* For questions to name servers. */
static void socket_give(struct child *c, uint64_t what)
{
    int family = what & ROLE_SOCKET_IPV6 ? AF_INET6 : AF_INET;
    int type = what & ROLE_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    child_send(c, ROLE_SOCKET, what, VIEW_NONE, fd);
    if (fd >= 0)
        close(fd);
}

struct sender {
    struct daemon *daemon;
    struct child *child;
};

static struct sender senders[ROLES];

static void role_ponged(struct daemon *d, struct child *c, uint64_t id)
{
    c->answered = clock_ms();
    reload_ponged(d, c->role, id);
    if (c->role == ROLE_MEDIA)
        media_ports_ponged(&d->ports, c);
}

static void role_message(void *arg, const struct channel_message *m)
{
    struct daemon *d = ((struct sender *)arg)->daemon;
    struct child *c = ((struct sender *)arg)->child;
    if (m->fd >= 0)
        close(m->fd); /* no role hands anything over */
    if (m->type == ROLE_READY)
        role_ready(d, c);
    else if (m->type == ROLE_FAILED)
        role_failed(d, c, m->body);
    else if (m->type == ROLE_PREPARED)
        reload_prepared(d, c->role, m);
    else if (m->type == ROLE_PONG)
        role_ponged(d, c, m->id);
    else if (m->type == ROLE_WANT_STREAM && c->role == ROLE_SIP)
        stream_give(c, m);
    else if (m->type == ROLE_WANT_SOCKET && c->role == ROLE_SIP)
        socket_give(c, m->id);
    else if (m->type == ROLE_WANT_PORTS && c->role == ROLE_MEDIA)
        media_ports_wanted(&d->ports, c, m->body);
    else if (m->type == ROLE_ASK && c->role == ROLE_KEEPER)
        daemon_asked(d, m->id, m->body);
    else
        log_error("the %s role sent a message that is not for it to send", role_name(c->role));
}

/* SIGCHLD follows and does the rest. */
static void role_closed(void *arg)
{
    child_close(((struct sender *)arg)->child);
}

/* lives of the roles */

static void role_brief(struct daemon *d, struct child *c)
{
    child_send(c, ROLE_CONFIG, 0, pack_bytes_view(&d->text), -1);
    for (size_t i = 0; c->role == ROLE_SIP && i < listeners_count(d->config); i++)
        if (d->listeners[i] >= 0)
            child_send(c, ROLE_LISTENER, i, VIEW_NONE, d->listeners[i]);
    if (c->role == ROLE_SIP && d->tls >= 0)
        child_send(c, ROLE_TLS, 0, VIEW_NONE, d->tls);
    if (c->role == ROLE_KEEPER) {
        uint32_t owner = getuid();
        child_send(c, ROLE_CONTROL, 0, (struct view){(const char *)&owner, sizeof owner},
                   d->control);
    }
    if (c->role == ROLE_MEDIA) {
        media_kernel_brief(&d->kernel, c);
        media_ports_brief(&d->ports, c);
    } else {
        child_send(c, ROLE_START, 0, VIEW_NONE, -1);
    }
}

static void restart_later(struct child *c)
{
    const struct timeval wait = {c->wait / 1000, c->wait % 1000 * 1000};
    evtimer_add(c->restart, &wait);
}

static void role_begin(struct daemon *d, struct child *c)
{
    const struct channel_handler handler = {
        .message = role_message, .closed = role_closed, .arg = &senders[c->role]};
    senders[c->role] = (struct sender){d, c};
    if (!child_spawn(c, d->base, &handler)) {
        role_brief(d, c);
        return;
    }
    log_errno("the %s role cannot be started", role_name(c->role));
    c->wait = 1000;
    restart_later(c);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
    struct sender *s = arg;
    (void)fd;
    (void)what;
    clock_update();
    role_begin(s->daemon, s->child);
}

static void role_died(struct daemon *d, struct child *c, int wait_status)
{
    char why[64];
    bool often = child_died(c, wait_status, why);
    if (d->stopping) {
        end_when_alone(d);
        return;
    }
    reload_role_gone(d, c->role);
    if (often) {
        char text[200];
        int n = snprintf(text, sizeof text,
                         "the %s role died %d times within a minute, last by %s; offhookd ends",
                         role_name(c->role), CHILD_DEATHS, why);
        daemon_fail(d, text, (size_t)n);
        daemon_stop(d, 1);
        return;
    }
    if (c->failures <= 1)
        log_error("the %s role died by %s and is started again in %u ms", role_name(c->role), why,
                  c->wait);
    notify_status("Restarting a role");
    restart_later(c);
}

static void on_child(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    int wait_status;
    pid_t pid;
    (void)fd;
    (void)what;
    clock_update();
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
        for (int i = 0; i < ROLES; i++)
            if (d->children[i].pid == pid)
                role_died(d, &d->children[i], wait_status);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    daemon_stop(arg, 0);
}

static void on_reload(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    clock_update();
    reload_begin(arg, false, 0);
}

/* The service manager hears that all is well only while every role answers. */
static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    bool alive = true;
    (void)fd;
    (void)what;
    clock_update();
    d->ping++;
    for (int i = 0; i < ROLES; i++) {
        struct child *c = &d->children[i];
        alive = alive && c->ready && clock_ms() - c->answered < d->alive_span;
        child_send(c, ROLE_PING, d->ping, VIEW_NONE, -1);
    }
    if (alive)
        notify_alive();
}

static bool watchdog_begin(struct daemon *d)
{
    uint64_t usec = notify_watchdog();
    const struct timeval wait = {(time_t)(usec / 4 / 1000000), (suseconds_t)(usec / 4 % 1000000)};
    if (!usec)
        return true;
    d->alive_span = usec / 2000;
    d->watchdog = event_new(d->base, -1, EV_PERSIST, on_watchdog, d);
    return d->watchdog && !event_add(d->watchdog, &wait);
}

/* the start */

static bool fail_start(const char *text)
{
    fprintf(stderr, "offhookd: %s\n", text);
    return false;
}

static bool account_check(const char *key, const char *name)
{
    char text[400];
    errno = 0;
    if (getpwnam(name))
        return true;
    snprintf(text, sizeof text,
             "the account \"%s\" (key %s) does not exist; create it: useradd --system "
             "--no-create-home --shell /usr/sbin/nologin %s",
             name, key, name);
    return fail_start(text);
}

static bool files_open(struct daemon *d)
{
    char error[LISTENER_ERROR];
    struct config *c = d->config;
    const struct passwd *keeper = geteuid() == 0 ? getpwnam(c->keeper_user) : NULL;
    uid_t uid = keeper ? keeper->pw_uid : geteuid();
    gid_t gid = keeper ? keeper->pw_gid : getegid();
    size_t listens = c->listen_count; /* fewer of a default remain on a host without IPv6 */
    if (config_has_tls(c) && tls_files_seal(&d->tls, c, error))
        return fail_start(error);
    if (control_probe(c->control, error) || database_folder(c->database, uid, gid, error) ||
        listeners_open(&d->listeners, c, error))
        return fail_start(error);
    d->ipv6 = c->listen_count == listens;
    if (control_open(&d->control, c->control, error))
        return fail_start(error);
    if (media_ports_open(&d->ports, c))
        return fail_start("the ledger of calls cannot be made");
    return true;
}

static void open_files_raise(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r))
        return;
    if (r.rlim_max < OPEN_FILES &&
        !setrlimit(RLIMIT_NOFILE, &(struct rlimit){OPEN_FILES, OPEN_FILES}))
        return;
    r.rlim_cur = r.rlim_max < OPEN_FILES ? r.rlim_max : OPEN_FILES;
    setrlimit(RLIMIT_NOFILE, &r);
}

/* 0 to 3 have to be taken before anything is opened: 3 is the channel in a role. */
static void descriptors_fill(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd < 3) {
        fcntl(fd, F_SETFD, 0);
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
}

static bool events_open(struct daemon *d)
{
    const struct {
        int number;
        event_callback_fn call;
    } signals[4] = {
        {SIGCHLD, on_child}, {SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_reload}};
    bool done =
        (d->base = event_base_new()) && (d->kill = evtimer_new(d->base, on_stop_timeout, d));
    for (int i = 0; i < 4 && done; i++) {
        d->signals[i] = evsignal_new(d->base, signals[i].number, signals[i].call, d);
        done = d->signals[i] && !event_add(d->signals[i], NULL);
    }
    for (int i = 0; i < ROLES && done; i++) {
        d->children[i].role = (enum role)i;
        d->children[i].restart = evtimer_new(d->base, on_restart, &senders[i]);
        done = d->children[i].restart != NULL;
    }
    return done && watchdog_begin(d);
}

static void event_drop(struct event *e)
{
    if (e)
        event_free(e);
}

static void daemon_close(struct daemon *d)
{
    for (int i = 0; i < ROLES; i++) {
        child_close(&d->children[i]);
        event_drop(d->children[i].restart);
    }
    for (int i = 0; i < 4; i++)
        event_drop(d->signals[i]);
    event_drop(d->watchdog);
    event_drop(d->kill);
    reload_free(&d->reload);
    media_kernel_close(&d->kernel);
    if (d->base)
        event_base_free(d->base);
    if (d->control >= 0) {
        unlink(d->config->control);
        close(d->control);
    }
    if (d->tls >= 0)
        close(d->tls);
    media_ports_close(&d->ports);
    if (d->config)
        listeners_close(d->listeners, listeners_count(d->config));
    config_free(d->config);
    pack_free(&d->text);
}

static bool daemon_open(struct daemon *d)
{
    char text[600];
    d->config = daemon_configure(d->path, problem_print, NULL);
    if (!d->config)
        return false;
    log_open("parent", d->config->log_level);
    if (geteuid() == 0 && (!account_check("user", d->config->user) ||
                           !account_check("keeper-user", d->config->keeper_user)))
        return false;
    if (!files_open(d))
        return false;
    enum error e = daemon_text(d, d->config, &d->text);
    if (e == ERR_LIMIT) {
        snprintf(text, sizeof text, "%.400s holds too many values; %d bytes at most", d->file,
                 CHANNEL_MESSAGE_MAX);
        return fail_start(text);
    }
    open_files_raise();
    if (e || !events_open(d))
        return fail_start("there is not enough memory to start");
    if (!media_kernel_open(&d->kernel, d->config, d->base)) {
        snprintf(text, sizeof text, "media.kernel is always, but %s", d->kernel.why);
        return fail_start(text);
    }
    if (geteuid() == 0 && capabilities_keep(d->kernel.path != NULL))
        return fail_start("the capabilities that are not needed cannot be dropped");
    return true;
}

int parent_run(const char *path)
{
    struct daemon d = {.path = path,
                       .file = path ? path : config_default_path(),
                       .control = -1,
                       .tls = -1,
                       .ports = {.ledger = -1},
                       .reload = {.tls = -1}};
    descriptors_fill();
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    d.begun = clock_ms();
    if (daemon_open(&d)) {
        for (int i = 0; i < ROLES; i++)
            role_begin(&d, &d.children[i]);
        event_base_dispatch(d.base);
    } else {
        d.status = 1;
    }
    daemon_close(&d);
    return d.status;
}
