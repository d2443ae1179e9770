/* Channels: messages are gathered into datagrams, one descriptor at most in each. */
#include "base/channel.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define DATAGRAM_MAX (CHANNEL_MESSAGE_MAX + 64)
#define QUEUE_MAX    (8u << 20)

/* What stands in front of each message in a datagram. */
struct head {
    uint16_t version, type;
    uint32_t size;
    uint64_t id;
};

struct datagram {
    struct datagram *next;
    size_t n;
    int fd;
    char bytes[];
};

struct channel {
    int fd;
    struct event *readable, *writable, *flush;
    struct channel_handler handler;
    struct datagram *first, **last; /* full ones, waiting for the socket */
    struct datagram *open;          /* the one that still gathers */
    size_t queued;
    uint64_t deadline; /* of the window; 0: none is running */
    bool *gone;        /* set when the channel is freed inside a callback */
};

enum error channel_pair(int fds[2])
{
    int size = 4 << 20;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return ERR_SYSTEM;
    for (int i = 0; i < 2; i++) /* best effort: the kernel's limit may be lower */
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    return OK;
}

static void datagram_free(struct datagram *d)
{
    if (d && d->fd >= 0)
        close(d->fd);
    free(d);
}

/* Sends one datagram: OK, ERR_BUSY (the socket is full), ERR_LIMIT (too many descriptors of this
 * account are on their way, perhaps other programs') or ERR_CLOSED. */
static enum error datagram_send(struct channel *c, const struct datagram *d)
{
    struct iovec iov = {(void *)d->bytes, d->n};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (d->fd >= 0) {
        memset(&control, 0, sizeof(control));
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);

        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(h), &d->fd, sizeof(int));
    }
    if (sendmsg(c->fd, &m, MSG_NOSIGNAL) >= 0)
        return OK;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
        return ERR_BUSY;
    return errno == ETOOMANYREFS ? ERR_LIMIT : ERR_CLOSED;
}

static void channel_close_open(struct channel *c)
{
    if (!c->open)
        return;
    *c->last = c->open;
    c->last = &c->open->next;
    c->open = NULL;
}

void channel_flush(struct channel *c)
{
    const struct timeval again = {0, 10000};

    c->deadline = 0;
    for (;;) {
        if (!c->first) /* behind others it goes on gathering: a full socket costs no memory */
            channel_close_open(c);
        struct datagram *d = c->first;

        if (!d)
            return;
        enum error e = datagram_send(c, d);

        if (e == ERR_BUSY)
            event_add(c->writable, NULL);
        else if (e == ERR_LIMIT)
            event_add(c->flush, &again);
        if (e == ERR_BUSY || e == ERR_LIMIT)
            return;
        /* a dead peer is noticed by the reader; what was meant for it is dropped */
        c->first = d->next;
        if (!c->first)
            c->last = &c->first;
        c->queued -= d->n;
        datagram_free(d);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    channel_flush(arg);
}

/* Hands over the messages of one datagram; false when the channel died meanwhile. */
static bool datagram_deliver(struct channel *c, struct view rest, int fd)
{
    bool gone = false;

    c->gone = &gone;
    while (!gone && rest.n >= sizeof(struct head)) {
        struct head h;

        memcpy(&h, rest.p, sizeof(h));
        rest = view_from(rest, sizeof(h));
        if (h.version != CHANNEL_VERSION || h.size > rest.n) {
            log_error("a role message of version %u and %u bytes was dropped", h.version, h.size);
            break;
        }
        struct channel_message m = {h.type, h.id, {rest.p, h.size}, fd};

        fd = -1;
        rest = view_from(rest, h.size);
        c->handler.message(c->handler.arg, &m);
    }
    if (fd >= 0)
        close(fd);
    if (!gone)
        c->gone = NULL;
    return !gone;
}

static int received_fd(struct msghdr *m)
{
    int fd = -1;

    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h))
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
            memcpy(&fd, CMSG_DATA(h), sizeof(fd));
    return fd;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    static char buffer[DATAGRAM_MAX] __attribute__((aligned(16)));
    struct channel *c = arg;

    (void)what;
    clock_update();
    for (;;) {
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec iov = {buffer, sizeof(buffer)};
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
        ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            event_del(c->readable);
            c->handler.closed(c->handler.arg);
            return;
        }
        if (!datagram_deliver(c, (struct view){buffer, (size_t)n}, received_fd(&m)))
            return;
    }
    if (c->handler.drained)
        c->handler.drained(c->handler.arg);
}

enum error channel_new(struct channel **out, struct event_base *base, int fd,
                       const struct channel_handler *handler)
{
    struct channel *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (!c)
        return ERR_MEMORY;
    c->fd = fd;
    c->handler = *handler;
    c->last = &c->first;
    c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
    c->flush = event_new(base, -1, 0, on_writable, c);
    if (!c->readable || !c->writable || !c->flush || event_add(c->readable, NULL) < 0) {
        c->fd = -1; /* stays the caller's */
        channel_free(c);
        return ERR_MEMORY;
    }
    evutil_make_socket_nonblocking(fd);
    *out = c;
    return OK;
}

static void event_drop(struct event *e)
{
    if (e)
        event_free(e);
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    if (c->gone)
        *c->gone = true;
    if (c->fd >= 0)
        channel_flush(c);
    event_drop(c->readable);
    event_drop(c->writable);
    event_drop(c->flush);
    while (c->first) {
        struct datagram *d = c->first;

        c->first = d->next;
        datagram_free(d);
    }
    datagram_free(c->open);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

/* The datagram that takes `size` more bytes, or NULL without memory. */
static struct datagram *channel_open(struct channel *c, size_t size, int fd)
{
    struct datagram *d = c->open;

    if (d && (d->n + size > DATAGRAM_MAX || fd >= 0 || d->fd >= 0)) {
        channel_close_open(c);
        d = NULL;
    }
    if (d)
        return d;
    d = malloc(sizeof(*d) + (fd >= 0 ? size : DATAGRAM_MAX)); /* no other joins a descriptor */
    if (!d)
        return NULL;
    *d = (struct datagram){.fd = -1};
    if (fd >= 0 && (d->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) {
        free(d);
        return NULL;
    }
    return c->open = d;
}

/* Makes sure that the flush comes within `window` ms: 0 is the end of this turn of the loop. */
static void channel_schedule(struct channel *c, unsigned window)
{
    uint64_t deadline = clock_ms() + window;
    struct timeval wait = {window / 1000, window % 1000 * 1000};

    if (c->deadline && c->deadline <= deadline)
        return;
    c->deadline = deadline;
    event_add(c->flush, &wait);
}

static enum error channel_put(struct channel *c, uint16_t type, uint64_t id, struct view body,
                              int fd, unsigned window)
{
    struct head h = {CHANNEL_VERSION, type, (uint32_t)body.n, id};
    struct datagram *d;

    if (body.n > CHANNEL_MESSAGE_MAX)
        return ERR_LIMIT;
    if (c->queued + sizeof(h) + body.n > QUEUE_MAX)
        return ERR_BUSY;
    d = channel_open(c, sizeof(h) + body.n, fd);
    if (!d)
        return ERR_MEMORY;
    memcpy(d->bytes + d->n, &h, sizeof(h));
    if (body.n)
        memcpy(d->bytes + d->n + sizeof(h), body.p, body.n);
    d->n += sizeof(h) + body.n;
    c->queued += sizeof(h) + body.n;
    channel_schedule(c, window);
    return OK;
}

enum error channel_send(struct channel *c, uint16_t type, uint64_t id, struct view body, int fd)
{
    return channel_put(c, type, id, body, fd, 0);
}

enum error channel_send_within(struct channel *c, uint16_t type, uint64_t id, struct view body,
                               unsigned window)
{
    return channel_put(c, type, id, body, -1, window);
}

size_t channel_queued(const struct channel *c)
{
    return c->queued;
}
