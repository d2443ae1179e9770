/* The conversation with offhookd over its control socket: one JSON line there, lines back. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (16u << 20)
#define ANSWER_SECONDS 60 /* until the daemon counts as stuck */
#define START_TRIES    30 /* of 100 ms: a daemon that starts holds the store before it answers */

struct reader {
    int fd;
    char *p;
    size_t start, n, room;
};

static volatile sig_atomic_t stop_wanted;
static int followed = -1;

json_t *cli_request(const struct cli *cli, ...)
{
    json_t *request = json_pack("{s:s}", "command", cli->command->words);
    const char *domain = cli_option(cli, "domain");
    bool good =
        request && (!domain || json_object_set_new(request, "domain", json_string(domain)) == 0);
    va_list list;
    va_start(list, cli);
    for (const char *key; good && (key = va_arg(list, const char *));) {
        const char *text = va_arg(list, const char *);
        good = !text || json_object_set_new(request, key, json_string(text)) == 0;
        if (!good)
            cli_fail("%s: the %s is not valid UTF-8; write it in UTF-8", cli->command->words, key);
    }
    va_end(list);
    if (good)
        return request;
    json_decref(request);
    return NULL;
}

json_t *cli_request_add(const struct cli *cli, json_t *request, const char *key, json_t *value)
{
    if (json_object_set_new(request, key, value) == 0)
        return request;
    if (request)
        cli_fail("%s: %s", cli->command->words, error_text(ERR_MEMORY));
    json_decref(request);
    return NULL;
}

/* -1 with errno when nobody can be reached. */
static int control_connect(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(to.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static bool nobody_listens(int reason)
{
    return reason == ENOENT || reason == ECONNREFUSED;
}

static bool control_send(int fd, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    if (!text)
        return false;
    size_t n = strlen(text), sent = 0;
    text[n++] = '\n'; /* in place of the NUL: exactly one line */
    while (sent < n) {
        ssize_t k = send(fd, text + sent, n - sent, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            break;
        sent += (size_t)k;
    }
    explicit_bzero(text, n);
    free(text);
    /* Who closes early has said why in a line that is still to be read. */
    return sent == n || errno == EPIPE || errno == ECONNRESET;
}

static enum error reader_fill(struct reader *r)
{
    if (r->start) {
        memmove(r->p, r->p + r->start, r->n - r->start);
        r->n -= r->start;
        r->start = 0;
    }
    if (r->n == r->room) {
        size_t room = r->room ? r->room * 2 : 16384;
        char *p = room > LINE_MAX_BYTES ? NULL : realloc(r->p, room);
        if (!p)
            return ERR_MEMORY;
        r->p = p;
        r->room = room;
    }
    ssize_t k;
    do
        k = recv(r->fd, r->p + r->n, r->room - r->n, 0);
    while (k < 0 && errno == EINTR && !stop_wanted);
    if (k < 0)
        return ERR_SYSTEM;
    r->n += (size_t)k;
    return k ? OK : ERR_CLOSED;
}

/* The next line as an object, owned by the caller. */
static enum error reader_object(struct reader *r, json_t **out)
{
    size_t seen = r->start;
    char *end;
    while (!(end = r->n > seen ? memchr(r->p + seen, '\n', r->n - seen) : NULL)) {
        size_t looked = r->n - r->start;
        enum error e = reader_fill(r);
        if (e)
            return e;
        seen = r->start + looked;
    }
    char *line = r->p + r->start;
    r->start = (size_t)(end - r->p) + 1;
    *out = json_loadb(line, (size_t)(end - line), 0, NULL);
    return json_is_object(*out) ? OK : ERR_SYNTAX;
}

static void tell_broken(enum error e, const char *path)
{
    if (e == ERR_SYSTEM && (errno == EAGAIN || errno == EWOULDBLOCK))
        cli_fail("offhookd on %s did not answer within %d s; look into its log", path,
                 ANSWER_SECONDS);
    else if (e == ERR_CLOSED)
        cli_fail("offhookd on %s closed the connection before its answer was complete; look into "
                 "its log, then try again",
                 path);
    else
        cli_fail("the answer of offhookd on %s cannot be read: %s; are both of one version?", path,
                 e == ERR_SYSTEM ? strerror(errno) : error_text(e));
}

/* The closing object if it says ok; else tells its error and returns NULL. */
static json_t *closing_judge(json_t *closing)
{
    if (json_is_true(json_object_get(closing, "ok")))
        return closing;
    const char *text = json_string_value(json_object_get(closing, "error"));
    cli_fail("%s", text ? text : "it could not be done, and no reason was given");
    json_decref(closing);
    return NULL;
}

static json_t *answer_read(int fd, const char *path, client_item *item, void *arg)
{
    struct reader r = {.fd = fd};
    json_t *line = NULL, *closing = NULL;
    enum error e;
    bool go_on = true;
    while (go_on && !(e = reader_object(&r, &line))) {
        json_t *shown = json_object_get(line, "item");
        if (!shown)
            break;
        go_on = !item || item(arg, shown);
        json_decref(line);
        line = NULL;
    }
    if (stop_wanted || !go_on) {
        json_decref(line);
        closing = json_pack("{s:b}", "ok", 1); /* ended from this side */
    } else if (e) {
        json_decref(line);
        tell_broken(e, path);
    } else {
        closing = line;
    }
    free(r.p);
    return closing;
}

static json_t *converse(int fd, const char *path, const json_t *request, client_item *item,
                        void *arg)
{
    json_t *closing = NULL;
    if (control_send(fd, request))
        closing = answer_read(fd, path, item, arg);
    else
        tell_broken(ERR_SYSTEM, path);
    close(fd);
    return closing;
}

static void limit_wait(int fd)
{
    struct timeval wait = {.tv_sec = ANSWER_SECONDS};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static void tell_unreachable(const char *path, int reason)
{
    if (reason == EACCES || reason == EPERM)
        cli_fail("%s: %s; run it as root or as the account that started offhookd", path,
                 strerror(reason));
    else
        cli_fail("%s: %s", path, strerror(reason));
}

json_t *client_exchange(struct cli *cli, json_t *request, client_item *item, void *arg)
{
    const struct config *config = cli_config(cli);
    if (!config)
        return NULL;
    char error[CLI_TEXT] = "";
    for (int tries = 0; !cli->store; tries++) {
        int fd = control_connect(config->control);
        if (fd >= 0) {
            limit_wait(fd);
            return converse(fd, config->control, request, item, arg);
        }
        if (!nobody_listens(errno)) {
            tell_unreachable(config->control, errno);
            return NULL;
        }
        enum error e = local_open(cli, error);
        if (e && (e != ERR_BUSY || tries == START_TRIES)) {
            cli_fail("%s", error);
            return NULL;
        }
        if (e)
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return local_call(cli, request, item, arg);
}

json_t *client_call(struct cli *cli, json_t *request, client_item *item, void *arg)
{
    json_t *closing = client_exchange(cli, request, item, arg);
    return closing ? closing_judge(closing) : NULL;
}

static void on_stop(int signal)
{
    (void)signal;
    stop_wanted = 1;
    shutdown(followed, SHUT_RDWR); /* wakes a recv that has begun as well as one that will */
}

static void follow_until_signal(int fd)
{
    struct sigaction action = {.sa_handler = on_stop};
    followed = fd;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

json_t *client_ask(struct cli *cli, json_t *request, bool follow, client_item *item, void *arg)
{
    const struct config *config = cli_config(cli);
    if (!config || !request)
        return NULL;
    int fd = control_connect(config->control);
    if (fd < 0 && nobody_listens(errno)) {
        const char *file = cli->config_path;
        cli_fail("offhookd does not run (no answer on %s); start it with \"offhookd%s%s\" or "
                 "\"systemctl start offhookd\"",
                 config->control, file ? " -c " : "", file ? file : "");
        return NULL;
    }
    if (fd < 0) {
        tell_unreachable(config->control, errno);
        return NULL;
    }
    if (follow)
        follow_until_signal(fd);
    else
        limit_wait(fd);
    json_t *closing = converse(fd, config->control, request, item, arg);
    return closing ? closing_judge(closing) : NULL;
}

bool client_served(struct cli *cli)
{
    const struct config *config = cli_config(cli);
    int fd = config ? control_connect(config->control) : -1;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
